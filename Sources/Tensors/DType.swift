/// The element type of a tensor.
///
/// Graphs compute in `f32`, keep operands of products in `f32` or `bf16`, and index with `i32`; the
/// others occur in files.
package enum DType: String, Sendable, Hashable, CaseIterable {
  case f64
  case f32
  case f16
  case bf16
  case i64
  case i32
  case i16
  case i8
  case u8
  case bool

  /// The size of one element in bytes.
  package var byteCount: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    }
  }
}
