import Tensors

/// A tensor whose elements are held in double precision.
package struct ReferenceTensor: Sendable, Hashable {
  /// The extents.
  package var shape: Shape
  /// The elements, row-major.
  package var values: [Double]

  /// A tensor of the given elements.
  ///
  /// - Precondition: `values.count == shape.elementCount`.
  package init(_ shape: Shape, _ values: [Double]) {
    precondition(values.count == shape.elementCount, "\(shape) needs its element count")
    self.shape = shape
    self.values = values
  }

  /// The elements of a tensor, exactly.
  package init(_ tensor: Tensor) { self.init(tensor.shape, tensor.values.map(Double.init)) }

  /// The tensor of a type, each element rounded.
  package func rounded(as type: TensorType) -> Tensor { Tensor(type, values.map { Float($0) }) }

  /// The tensor with each element rounded to `bf16`, by way of `f32`.
  var roundedToBFloat16: ReferenceTensor {
    ReferenceTensor(shape, values.map { Double(Float($0).roundedToBFloat16) })
  }

  /// The elements repeated to a shape by NumPy's rule.
  ///
  /// - Precondition: The shape broadcasts to `target`.
  func broadcast(to target: Shape) -> ReferenceTensor {
    if shape == target { return self }
    let (own, targetStrides) = (shape.strides, target.strides)
    let lead = target.rank - shape.rank
    var result: [Double] = []
    result.reserveCapacity(target.elementCount)
    for position in 0..<target.elementCount {
      var index = 0
      for axis in 0..<shape.rank where shape[axis] != 1 {
        index += position / targetStrides[axis + lead] % target[axis + lead] * own[axis]
      }
      result.append(values[index])
    }
    return ReferenceTensor(target, result)
  }

  /// The elements as rows of the last axis.
  var rows: [ArraySlice<Double>] {
    let width = shape[-1]
    return stride(from: 0, to: values.count, by: width).map { values[$0..<($0 + width)] }
  }

  /// The extents before, of and after an axis.
  func extents(around axis: Int) -> (outer: Int, own: Int, inner: Int) {
    (
      shape.dimensions[..<axis].reduce(1, *), shape[axis],
      shape.dimensions[(axis + 1)...].reduce(1, *)
    )
  }
}
