/// A host tensor: a type and its elements in row-major order.
///
/// Elements are held as `Float` whatever the element type; integer tensors hold integers of
/// magnitude below 2^24, which `Float` represents exactly.
package struct Tensor: Sendable, Hashable {
  /// Element type and shape.
  package let type: TensorType
  /// The elements, row-major; as many as the shape has.
  package var values: [Float]

  /// A tensor of the given elements.
  ///
  /// - Precondition: `values.count == type.shape.elementCount`.
  package init(_ type: TensorType, _ values: [Float]) {
    precondition(values.count == type.shape.elementCount, "\(type) needs its element count")
    self.type = type
    self.values = values
  }

  /// A 32-bit float tensor of the given extents and elements.
  package init(_ dimensions: [Int], _ values: [Float]) {
    self.init(.f32(dimensions), values)
  }

  /// A 32-bit integer tensor of the given extents and elements.
  package init(ids dimensions: [Int], _ values: [Int]) {
    self.init(TensorType(.i32, Shape(dimensions)), values.map(Float.init))
  }

  /// The extents.
  package var shape: Shape { type.shape }
}
