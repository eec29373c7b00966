import GraphIR
import Tensors

extension ReferenceTensor {
  /// The same elements under another shape.
  func reshaped(_ shape: Shape) -> ReferenceTensor { ReferenceTensor(shape, values) }

  /// The tensor whose axis `i` is this one's axis `axes[i]`.
  func permuted(_ axes: [Int]) -> ReferenceTensor {
    let target = Shape(axes.map { shape[$0] })
    let (own, targetStrides) = (shape.strides, target.strides)
    let values = (0..<target.elementCount).map { position in
      let index = axes.indices.reduce(0) { index, axis in
        index + position / targetStrides[axis] % target[axis] * own[axes[axis]]
      }
      return self.values[index]
    }
    return ReferenceTensor(target, values)
  }

  /// `count` entries of an axis from `start` on.
  func slice(axis: Int, start: Int, count: Int) -> ReferenceTensor {
    let (outer, own, inner) = extents(around: axis)
    var dimensions = shape.dimensions
    dimensions[axis] = count
    var result: [Double] = []
    for index in 0..<outer {
      let first = (index * own + start) * inner
      result += values[first..<(first + count * inner)]
    }
    return ReferenceTensor(Shape(dimensions), result)
  }
}

extension [ReferenceTensor] {
  /// The tensors joined along an axis.
  func concatenated(axis: Int) -> ReferenceTensor {
    var dimensions = self[0].shape.dimensions
    dimensions[axis] = reduce(0) { $0 + $1.shape[axis] }
    let outer = self[0].extents(around: axis).outer
    var values: [Double] = []
    for index in 0..<outer {
      for part in self {
        let width = part.values.count / outer
        values += part.values[(index * width)..<((index + 1) * width)]
      }
    }
    return ReferenceTensor(Shape(dimensions), values)
  }
}

/// Rows of a table: `[rows, width], ids [...] -> [..., width]`.
///
/// - Throws: `EvaluationError` for an id that is no row.
func gather(
  _ table: ReferenceTensor, ids: ReferenceTensor, origin: Origin
) throws(EvaluationError) -> ReferenceTensor {
  let rows = table.rows
  var values: [Double] = []
  for id in ids.values {
    guard let row = Int(exactly: id), rows.indices.contains(row) else {
      throw EvaluationError("id \(id) is not a row of a table of \(rows.count)", origin: origin)
    }
    values += rows[row]
  }
  return ReferenceTensor(Shape(ids.shape.dimensions + [table.shape[1]]), values)
}
