import Diffusion
import Documents
import Runtime
import Tensors

/// Kernel calls gathered by what they do, those that take longest first.
package struct KernelTable: Sendable {
  /// Calls of one kernel with the same extents.
  struct Row: Sendable, Hashable {
    /// The kernel, its extents and its operands' element type.
    var kernel, extents: String
    var precision: Precision
    /// The number of calls.
    var calls: Int
    /// The time of all calls.
    var seconds: Double
    /// Multiply-accumulates of all calls.
    var multiplyAccumulates: Int

    /// Floating-point operations per second; nil where the kernel multiplies no matrices.
    var flopsPerSecond: Double? {
      multiplyAccumulates == 0 || seconds == 0 ? nil : 2 * Double(multiplyAccumulates) / seconds
    }
  }

  /// The rows.
  let rows: [Row]
  private let peaks: [Precision: Double]

  /// The calls of stages.
  ///
  /// - Parameters:
  ///   - stages: The stages; the times and calls of all runs are divided by `runs`.
  ///   - peaks: The most floating-point operations per second.
  package init(_ stages: [StageTimes], dividedBy runs: Int = 1, peaks: [Precision: Double]) {
    self.peaks = peaks
    var rows: [Row] = []
    var indices: [Row: Int] = [:]
    for stage in stages where stage.runs > 0 {
      for call in stage.calls {
        let key = Row(
          kernel: call.work.kernel, extents: call.work.extents, precision: call.work.precision,
          calls: 0, seconds: 0, multiplyAccumulates: 0)
        let index = indices[key] ?? rows.count
        if index == rows.count {
          indices[key] = index
          rows.append(key)
        }
        rows[index].calls += stage.runs
        rows[index].seconds += call.seconds
        rows[index].multiplyAccumulates += call.work.multiplyAccumulates * stage.runs
      }
    }
    for index in rows.indices {
      rows[index].calls /= runs
      rows[index].seconds /= Double(runs)
      rows[index].multiplyAccumulates /= runs
    }
    self.rows = rows.sorted { $0.seconds > $1.seconds }
  }

  /// The time of all calls.
  var seconds: Double { rows.reduce(0) { $0 + $1.seconds } }

  /// The table for people; kernels that take less than a thousandth of the time are one line.
  var text: [String] {
    let total = seconds
    var lines = [["kernel", "extents", "calls", "time", "share", "GFLOP/s", "of peak"]]
    func cells(_ row: Row, _ flops: Double?) -> [String] {
      [
        row.kernel + (row.precision == .f32 ? "" : " \(row.precision.rawValue)"), row.extents,
        String(row.calls), duration(row.seconds), percent(row.seconds / max(total, 1e-12)),
        flops.map(rate) ?? "", flops.flatMap { fraction($0, row.precision) }.map(percent) ?? "",
      ]
    }
    let shown = rows.filter { $0.seconds >= total / 1000 }
    for row in shown { lines.append(cells(row, row.flopsPerSecond)) }
    let rest = rows.dropFirst(shown.count)
    if !rest.isEmpty {
      lines.append(
        cells(
          Row(
            kernel: "others", extents: "", precision: .f32,
            calls: rest.reduce(0) { $0 + $1.calls },
            seconds: rest.reduce(0) { $0 + $1.seconds }, multiplyAccumulates: 0), nil))
    }
    return aligned(lines, numeric: [2, 3, 4, 5, 6])
  }

  /// The rows that machines read.
  var json: JSONValue {
    .array(
      rows.map { row in
        .object([
          (key: "kernel", value: .string(row.kernel)),
          (key: "extents", value: .string(row.extents)),
          (key: "precision", value: .string(row.precision.rawValue)),
          (key: "calls", value: .integer(row.calls)),
          (key: "seconds", value: .number(row.seconds)),
          (key: "flops_per_second", value: row.flopsPerSecond.map(JSONValue.number) ?? .null),
          (
            key: "fraction_of_peak",
            value: row.flopsPerSecond.flatMap { fraction($0, row.precision) }
              .map(JSONValue.number) ?? .null
          ),
        ])
      })
  }

  private func fraction(_ flopsPerSecond: Double, _ precision: Precision) -> Double? {
    peaks[precision].flatMap { $0 > 0 ? flopsPerSecond / $0 : nil }
  }
}
