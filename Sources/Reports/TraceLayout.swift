import Lowering
import Tensors

/// A tensor as it is laid out on paper: one or more matrices.
struct PaperTensor {
  /// The extents of the nested arrays: none for a number, one for a vector, two for a matrix, three
  /// for pictures or heads.
  var dimensions: [Int]
  /// The elements, row-major.
  var values: [Float]

  /// The tensor in a layout.
  init(_ tensor: Tensor, _ layout: Probe.Layout) {
    let extents = tensor.shape.dimensions
    switch layout {
    case .tokens:
      // [batch, tokens, width] with batch 1: a token per column.
      self.init(transposed: tensor.values, rows: extents[1], columns: extents[2])
    case .positions:
      // [batch, channels, positions...] with batch 1: a position per column already.
      self.init([extents[1], extents.dropFirst(2).reduce(1, *)], tensor.values)
    case .matrix:
      let stacked = Array(extents.drop { $0 == 1 })
      let isStack = extents.count > 2 && stacked.count >= 2
      self.init(isStack ? stacked : Array(extents.suffix(2)), tensor.values)
    case .vector, .column: self.init([tensor.values.count], tensor.values)
    case .scalar: self.init([], tensor.values)
    case .frames: self.init(frames: tensor)
    }
  }

  private init(_ dimensions: [Int], _ values: [Float]) {
    self.dimensions = dimensions
    self.values = values
  }

  private init(transposed values: [Float], rows: Int, columns: Int) {
    dimensions = [columns, rows]
    self.values = (0..<columns).flatMap { column in
      (0..<rows).map { values[$0 * columns + column] }
    }
  }

  /// `[1, channels, (frames,) height, width]` as `[frames, height, width]`, with channels innermost
  /// where there are several.
  private init(frames tensor: Tensor) {
    let extents = tensor.shape.dimensions
    let channels = extents[1]
    let frames = extents.count == 5 ? extents[2] : 1
    let (height, width) = (extents[extents.count - 2], extents[extents.count - 1])
    let area = height * width
    dimensions = [frames, height, width] + (channels == 1 ? [] : [channels])
    values = []
    for frame in 0..<frames {
      for pixel in 0..<area {
        for channel in 0..<channels {
          values.append(tensor.values[(channel * frames + frame) * area + pixel])
        }
      }
    }
  }

  /// The matrices, outermost first; a vector is one row, or one column where it stands upright.
  func matrices(isColumn: Bool = false, isBlank: Bool = false) -> [TextMatrix] {
    let columns = isColumn ? 1 : dimensions.last ?? 1
    let rows = dimensions.count >= 2 ? dimensions[dimensions.count - 2] : 1
    let size = dimensions.count >= 2 ? rows * columns : values.count
    return stride(from: 0, to: values.count, by: max(size, 1)).map { start in
      TextMatrix(
        Array(values[start..<min(start + size, values.count)]), columns: columns,
        isBlank: isBlank)
    }
  }
}
