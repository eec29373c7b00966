import Diffusion
import GraphIR
import Runtime
import Tensors

/// Where the time of a run went, as text.
package struct RunProfile: Sendable {
  /// The text.
  package let text: String

  /// The profile of a run.
  ///
  /// - Parameters:
  ///   - graphs: What was timed.
  ///   - seconds: The time from start to end.
  ///   - peaks: The most floating-point operations per second.
  package init(_ graphs: [GraphTimes], seconds: Double, peaks: [Precision: Double]) {
    var rows = [["stage", "runs", "time", "share"]]
    var timed = 0.0
    func add(_ name: String, _ runs: Int, _ time: Double) {
      timed += time
      rows.append([name, String(runs), duration(time), percent(time / max(seconds, 1e-12))])
    }
    add("load", 1, graphs.reduce(0) { $0 + $1.loadSeconds })
    for graph in graphs {
      for stage in graph.stages where stage.binding != .load && stage.runs > 0 {
        // A graph without stages is one, which is called a step.
        let name =
          graph.stages.count == 1 || stage.binding.rawValue == graph.graph
          ? graph.graph : "\(graph.graph) \(stage.binding.rawValue)"
        add(name, stage.runs, stage.seconds)
      }
    }
    let rest = max(0, seconds - timed)
    rows.append(["everything else", "", duration(rest), percent(rest / max(seconds, 1e-12))])
    let table = KernelTable(graphs.flatMap(\.stages), peaks: peaks)
    let peak = Precision.allCases.compactMap { precision in
      peaks[precision].map { "\(rate($0)) GFLOP/s \(precision.rawValue)" }
    }
    text =
      (aligned(rows, numeric: [1, 2, 3]) + [""] + table.text
      + ["", "  peak: \(peak.joined(separator: ", "))"]).joined(separator: "\n") + "\n"
  }
}
