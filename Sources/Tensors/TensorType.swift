/// The static type of a value: element type and shape.
package struct TensorType: Sendable, Hashable, CustomStringConvertible {
  /// The element type.
  package var dtype: DType
  /// The extents, outermost axis first.
  package var shape: Shape

  /// A type of the given element type and shape.
  package init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  /// A 32-bit float tensor of the given extents.
  package static func f32(_ dimensions: [Int]) -> TensorType { TensorType(.f32, Shape(dimensions)) }

  /// The size of the elements in bytes, without padding.
  package var byteCount: Int { shape.elementCount * dtype.byteCount }

  /// As in `f32[2,3]`.
  package var description: String { "\(dtype.rawValue)\(shape)" }
}
