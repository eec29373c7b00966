import CKernels
import Glibc

/// The kernels for one instruction set.
///
/// Unchecked, since it holds nothing but a pointer to a constant table of functions.
package struct KernelRow: @unchecked Sendable {
  /// The variable of the environment that forces a row by its name.
  package static let environmentKey = "DITHAROS_ISA"

  /// The table of C functions.
  package let functions: UnsafePointer<dth_kernel_row>

  /// The name: `portable`, `avx2`, `avx512`, `avx512_bf16`, `amx` or `neon`.
  package var name: String { String(cString: functions.pointee.name) }

  /// The rows that this processor supports, the slowest first; never empty.
  package static var supported: [KernelRow] {
    var count: Int32 = 0
    guard let rows = dth_kernel_rows(&count) else { return [] }
    return (0..<Int(count)).map { KernelRow(functions: rows + $0) }
  }

  /// The fastest row that this processor supports.
  package static var best: KernelRow { KernelRow(functions: dth_best_row()) }

  /// The row of a name, or the best one without a name.
  package static func named(_ name: String?) throws(UnsupportedKernelRow) -> KernelRow {
    guard let name else { return best }
    let rows = supported
    guard let row = rows.first(where: { $0.name == name }) else {
      throw UnsupportedKernelRow(name: name, supported: rows.map(\.name))
    }
    return row
  }

  /// The row that the environment forces, else the best one.
  package static func selected() throws(UnsupportedKernelRow) -> KernelRow {
    try named(getenv(environmentKey).map { String(cString: $0) })
  }
}

/// A row was asked for by name that does not exist or that this processor does not support.
package struct UnsupportedKernelRow: Error, Equatable, CustomStringConvertible {
  /// The name.
  package let name: String
  /// The names that would do.
  package let supported: [String]

  /// One line, with the names that would do.
  package var description: String {
    "this processor has no kernels named '\(name)'; \(KernelRow.environmentKey) may be one of "
      + supported.joined(separator: ", ")
  }
}
