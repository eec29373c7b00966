/// How the elements of a weight are laid out, in memory and in a `.ditc` file.
package enum StorageLayout: Sendable, Hashable, CustomStringConvertible {
  /// Row-major, as in the graph, in `f32`.
  case rows
  /// Panels of 32 result columns, the last one padded with zeros: in `f32`
  /// `[n / 32 rounded up][k][32]`; in `bf16` `[n / 32 rounded up][k / 2][32][2]`, with k padded
  /// with zeros to a multiple of 32.
  case panels(n: Int, k: Int, Precision)

  /// The width of a panel.
  package static let panelWidth = 32

  /// The bytes of one panel of a weight `[n, k]`.
  package static func panelByteCount(k: Int, _ precision: Precision) -> Int {
    switch precision {
    case .f32: panelWidth * k * 4
    case .bf16: panelWidth * ((k + 31) / 32 * 32) * 2
    }
  }

  /// The bytes of a weight, rounded up to 64.
  ///
  /// - Parameter elementCount: The elements of the weight; of panels n k.
  package func byteCount(elementCount: Int) -> Int {
    switch self {
    case .rows: (elementCount * 4 + 63) / 64 * 64
    case .panels(let n, let k, let precision):
      (n + Self.panelWidth - 1) / Self.panelWidth * Self.panelByteCount(k: k, precision)
    }
  }

  /// As in `rows` and `panels bf16[1152,384]`.
  package var description: String {
    switch self {
    case .rows: "rows"
    case .panels(let n, let k, let precision):
      "panels \(TensorType(precision.dtype, [n, k]))"
    }
  }
}
