import ModelSpec
import Tensors
import Weights

/// What an autoencoder is trained on: pictures or videos, in memory as bytes.
package struct PictureSamples: Sendable {
  /// The number of samples.
  package let count: Int
  /// The bytes of the samples one after another, `[channels, (frames,) height, width]` each.
  let bytes: [UInt8]
  /// The value of each of the 256 levels.
  let levels: [Float]
  /// `[channels, (frames,) height, width]`.
  let dimensions: [Int]

  /// Samples of a space.
  ///
  /// - Precondition: The bytes are those of whole samples.
  package init(_ bytes: [UInt8], of space: PixelSpace) {
    dimensions = [space.channels] + (space.frames.map { [$0] } ?? []) + [space.height, space.width]
    count = bytes.count / dimensions.reduce(1, *)
    precondition(bytes.count == count * dimensions.reduce(1, *))
    self.bytes = bytes
    levels = space.levels
  }

  /// The bytes of all of them.
  package var byteCount: Int { bytes.count }

  /// What tells them from others.
  var checksum: String { String(bytes.withUnsafeBytes { xxh64($0) }, radix: 16) }

  /// Some of the samples, `[samples, channels, (frames,) height, width]`.
  func tensor(_ indices: some Collection<Int>) -> Tensor {
    let size = dimensions.reduce(1, *)
    return Tensor(
      [indices.count] + dimensions,
      indices.flatMap { index in
        bytes[(index * size)..<((index + 1) * size)].map { levels[Int($0)] }
      })
  }
}

/// The batches that an autoencoder learns from.
final class PictureBatches {
  let samples: PictureSamples
  private var order: SampleOrder
  private var pixels: Tensor
  private let count: Int
  private let size: Int

  /// Batches of a number of samples.
  init(_ samples: PictureSamples, count: Int, seed: UInt64) {
    self.samples = samples
    self.count = count
    size = samples.dimensions.reduce(1, *)
    order = SampleOrder(count: samples.count, seed: seed ^ RandomStream.order)
    pixels = Tensor([count] + samples.dimensions, [Float](repeating: 0, count: count * size))
  }

  /// Takes the samples of a batch, counted from the start.
  func fill(_ index: Int) {
    let (size, samples) = (size, samples)
    for sample in 0..<count {
      let source = order.sample(at: index * count + sample) * size
      pixels.values.withUnsafeMutableBufferPointer { values in
        for element in 0..<size {
          values[sample * size + element] = samples.levels[Int(samples.bytes[source + element])]
        }
      }
    }
  }

  /// Hands every input of the batch to a body.
  func forEachInput(_ body: (String, Tensor) throws -> Void) rethrows {
    try body("pixels", pixels)
  }
}
