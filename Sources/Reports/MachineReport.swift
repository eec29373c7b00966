import Documents
import Runtime
import Tensors

/// A measured machine, as text and as JSON.
package struct MachineReport: Sendable {
  private let profile: MachineProfile

  /// A report of a profile.
  package init(_ profile: MachineProfile) { self.profile = profile }

  /// Products and attentions that give an idea of the machine.
  private static func samples(_ precision: Precision) -> [KernelWork] {
    [
      .linear(KernelWork.Linear(m: 64, n: 256, k: 256, precision)),
      .linear(KernelWork.Linear(m: 256, n: 1024, k: 1024, precision)),
      .linear(KernelWork.Linear(m: 1024, n: 4096, k: 4096, precision)),
      .attention(
        KernelWork.Attention(
          heads: 16, queries: 256, keys: 256, width: 64, valueWidth: 64, precision)),
      .attention(
        KernelWork.Attention(
          heads: 16, queries: 1024, keys: 1024, width: 64, valueWidth: 64, precision)),
    ]
  }

  /// The report for people.
  package var text: String {
    let key = profile.key
    var rows = [["kernel", "extents", "GFLOP/s", "of peak"]]
    for precision in Precision.allCases {
      let peak = profile.peaks[precision] ?? 0
      rows.append(["peak \(precision.rawValue)", "registers alone", rate(peak), ""])
      for work in Self.samples(precision) {
        let flops = 2 * Double(work.multiplyAccumulates) / profile.seconds(for: [work])
        rows.append([
          "\(work.kernel) \(precision.rawValue)", work.extents, rate(flops),
          percent(flops / max(peak, 1)),
        ])
      }
    }
    let title =
      "\(key.processor), kernels \(key.kernels), \(key.threads) thread\(key.threads == 1 ? "" : "s")"
    var lines = [title] + aligned(rows, numeric: [2, 3])
    if let read = profile.tables[.read], let largest = read.axes[0].last {
      let bytes = 1 / read.value(at: [largest], above: .none)
      lines.append("  memory read at \(tenths(bytes / 1e9)) GB/s")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The entries of the JSON form.
  package var json: [(key: String, value: JSONValue)] {
    [
      (
        key: "machine",
        value: .object([
          (key: "processor", value: .string(profile.key.processor)),
          (key: "kernels", value: .string(profile.key.kernels)),
          (key: "threads", value: .integer(profile.key.threads)),
          (
            key: "peak_flops",
            value: .object(
              Precision.allCases.map {
                (key: $0.rawValue, value: .number(profile.peaks[$0] ?? 0))
              })
          ),
        ])
      )
    ]
  }
}
