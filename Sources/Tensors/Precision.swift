/// The element type of weights and of the operands of products and attention.
///
/// Sums, norms, softmax, the residual stream, biases and modulation vectors are `f32` in either.
package enum Precision: String, Sendable, Hashable, CaseIterable {
  case f32
  case bf16

  /// The element type.
  package var dtype: DType {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    }
  }
}
