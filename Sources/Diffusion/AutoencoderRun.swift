import Lowering
import ModelSpec
import Runtime
import Tensors

/// One direction of an autoencoder bound to memory, for samples of any number.
///
/// A sample is taken in the pieces for which the graph was compiled: as a whole, picture by picture,
/// or in overlapping tiles. Where tiles overlap, the results are blended with weights that fall
/// towards the tiles' edges.
package final class AutoencoderRun {
  /// The graph of one piece.
  package let executable: Executable
  private let input: String
  private let output: String
  /// A sample before, `[channels, (frames,) height, width]`.
  package let source: [Int]
  /// A sample after, likewise.
  private let result: [Int]
  /// The pieces of rows and of columns; nil for a sample as a whole.
  private let pieces: (rows: [AxisPiece], columns: [AxisPiece])?

  /// The encoder of a model: pixels to latents.
  package static func encoder(_ executable: Executable, of spec: ModelSpec) -> AutoencoderRun? {
    AutoencoderRun(executable, of: spec, isEncoder: true)
  }

  /// The decoder of a model: latents to pixels.
  package static func decoder(_ executable: Executable, of spec: ModelSpec) -> AutoencoderRun? {
    AutoencoderRun(executable, of: spec, isEncoder: false)
  }

  private init?(_ executable: Executable, of spec: ModelSpec, isEncoder: Bool) {
    guard let autoencoder = spec.autoencoder, let pixels = spec.pixels else { return nil }
    self.executable = executable
    let latent = pixels.latent(through: autoencoder)
    (input, output) = isEncoder ? ("pixels", "latent") : ("latent", "pixels")
    (source, result) =
      isEncoder
      ? (pixels.dimensions, latent.dimensions) : (latent.dimensions, pixels.dimensions)
    pieces =
      autoencoder.isConvolutional
      ? autoencoder.pieces(of: pixels, isEncoder: isEncoder) : nil
  }

  /// The samples' results, `[samples, channels, (frames,) height, width]`.
  ///
  /// - Throws: `RuntimeError` when the samples have another shape than the model's.
  package func run(_ samples: Tensor) throws -> Tensor {
    let dimensions = samples.shape.dimensions
    guard let count = dimensions.first, Array(dimensions.dropFirst()) == source else {
      throw RuntimeError("the tensor \(input) is \(samples.type), the model's are \(Shape(source))")
    }
    let size = (source.reduce(1, *), result.reduce(1, *))
    var values = [Float](repeating: 0, count: count * size.1)
    for sample in 0..<count {
      let given = samples.values[(sample * size.0)..<((sample + 1) * size.0)]
      guard let pieces else {
        let whole = try run(Tensor([1] + source, Array(given)), as: [1] + result)
        values.replaceSubrange((sample * size.1)..<((sample + 1) * size.1), with: whole)
        continue
      }
      let from = Pictures(source, first: given.startIndex)
      let to = Pictures(result, first: sample * size.1)
      for frame in 0..<from.frames {
        for row in pieces.rows {
          for column in pieces.columns {
            let extents = [row.sourceCount, column.sourceCount]
            let piece = Tensor(
              [1, from.channels] + extents, from.copy(samples.values, frame, row, column))
            let made = try run(
              piece, as: [1, to.channels, row.weights.count, column.weights.count])
            to.add(made, to: &values, frame, row, column)
          }
        }
      }
    }
    return Tensor([count] + result, values)
  }

  private func run(_ piece: Tensor, as dimensions: [Int]) throws -> [Float] {
    try executable.set(input, piece)
    try executable.run()
    let made = try executable.output(output)
    guard made.shape.dimensions == dimensions else {
      throw RuntimeError("the graph makes \(made.type) of a piece")
    }
    return made.values
  }
}

/// A piece along an axis.
private struct AxisPiece {
  /// Where it begins before and after.
  var sourceStart: Int
  var resultStart: Int
  /// Its extent before.
  var sourceCount: Int
  /// What each place of the result counts; those of all pieces sum up to 1 everywhere.
  var weights: [Float]
}

extension Autoencoder {
  /// The pieces of rows and of columns in which a picture is encoded or decoded.
  fileprivate func pieces(
    of pixels: PixelSpace, isEncoder: Bool
  ) -> (rows: [AxisPiece], columns: [AxisPiece]) {
    let factor = patchSize.height
    let unit = unit(of: pixels)
    let overlap = (tiling?.overlap ?? 0) / factor
    let (before, after) = isEncoder ? (factor, 1) : (1, factor)
    func along(_ extent: Int, _ part: Int) -> [AxisPiece] {
      let starts = tileStarts(of: extent / factor, size: part / factor, overlap: overlap)
      return zip(starts, tileWeights(starts, size: part / factor, scale: after)).map {
        AxisPiece(
          sourceStart: $0 * before, resultStart: $0 * after, sourceCount: part / factor * before,
          weights: $1)
      }
    }
    return (along(pixels.height, unit.height), along(pixels.width, unit.width))
  }
}

/// By tile, the weight of each of its places; where tiles overlap they rise and fall linearly, and
/// the weights of a place sum up to 1.
///
/// - Parameters:
///   - starts: What `tileStarts` gives.
///   - scale: The places of the result for one of the starts' units.
package func tileWeights(_ starts: [Int], size: Int, scale: Int) -> [[Float]] {
  let count = size * scale
  var weights = starts.indices.map { index in
    (0..<count).map { place in
      func ramp(_ distance: Int, sharedWith other: Int?) -> Double {
        guard let other else { return 1 }
        let shared = (size - abs(other - starts[index])) * scale
        return min(1, (Double(distance) + 0.5) / Double(max(shared, 1)))
      }
      let before = index == 0 ? nil : starts[index - 1]
      let after = index + 1 == starts.count ? nil : starts[index + 1]
      return min(
        ramp(place, sharedWith: before), ramp(count - 1 - place, sharedWith: after))
    }
  }
  var totals = [Double](repeating: 0, count: ((starts.last ?? 0) + size) * scale)
  for (start, weights) in zip(starts, weights) {
    for (place, weight) in weights.enumerated() { totals[start * scale + place] += weight }
  }
  for (index, start) in starts.enumerated() {
    for place in 0..<count { weights[index][place] /= totals[start * scale + place] }
  }
  return weights.map { $0.map(Float.init) }
}

/// Pictures `[channels, (frames,) height, width]` within a row of numbers.
private struct Pictures {
  let channels: Int
  let frames: Int
  private let height: Int
  private let width: Int
  private let first: Int

  init(_ dimensions: [Int], first: Int) {
    channels = dimensions[0]
    frames = dimensions.count == 4 ? dimensions[1] : 1
    height = dimensions[dimensions.count - 2]
    width = dimensions[dimensions.count - 1]
    self.first = first
  }

  private func start(_ channel: Int, _ frame: Int, _ row: Int, _ column: Int) -> Int {
    first + ((channel * frames + frame) * height + row) * width + column
  }

  /// The numbers of a piece of a frame.
  func copy(
    _ values: [Float], _ frame: Int, _ rows: AxisPiece, _ columns: AxisPiece
  ) -> [Float] {
    var piece: [Float] = []
    piece.reserveCapacity(channels * rows.sourceCount * columns.sourceCount)
    for channel in 0..<channels {
      for row in 0..<rows.sourceCount {
        let begin = start(channel, frame, rows.sourceStart + row, columns.sourceStart)
        piece += values[begin..<(begin + columns.sourceCount)]
      }
    }
    return piece
  }

  /// Adds what was made of a piece, weighted.
  func add(
    _ piece: [Float], to values: inout [Float], _ frame: Int, _ rows: AxisPiece,
    _ columns: AxisPiece
  ) {
    var place = 0
    for channel in 0..<channels {
      for (row, rowWeight) in rows.weights.enumerated() {
        let begin = start(channel, frame, rows.resultStart + row, columns.resultStart)
        for (column, weight) in columns.weights.enumerated() {
          values[begin + column] += rowWeight * weight * piece[place]
          place += 1
        }
      }
    }
  }
}
