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
    for phase in RunPhase.allCases {
      let parts = graphs.flatMap { graph in
        graph.stages.filter { RunPhase($0.binding, of: graph.graph) == phase && $0.runs > 0 }
          .map { (name: graph.graph == "step" ? $0.binding.rawValue : graph.graph, stage: $0) }
      }
      guard let last = parts.last else { continue }
      add(phase.rawValue, last.stage.runs, parts.reduce(0) { $0 + $1.stage.seconds })
      if parts.count == 1 { continue }
      for part in parts {
        rows.append(
          ["  " + part.name, String(part.stage.runs), duration(part.stage.seconds)])
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

/// What a person takes for a part of a run.
private enum RunPhase: String, CaseIterable {
  /// Pictures to start from.
  case start
  /// What depends on prompt, label and timesteps.
  case condition
  case steps
  case decode

  /// The part that a stage of a graph belongs to; nil for what is made when it is loaded.
  init?(_ binding: Binding, of graph: String) {
    switch (graph, binding) {
    case (_, .load): return nil
    case ("encode", _), ("noise", _): self = .start
    case ("decode", _): self = .decode
    case (_, .prompt), (_, .schedule): self = .condition
    case (_, .first), (_, .rest), (_, .reuse), (_, .step): self = .steps
    }
  }
}
