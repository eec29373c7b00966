import Compiler
import GraphIR
import Planning

/// What the compiler did for a run, in one line.
package struct RunSummary: Sendable {
  /// The line.
  package let text: String

  /// The summary of a run.
  ///
  /// - Parameters:
  ///   - model: The compiled graphs.
  ///   - instructions: The kernel calls, each stage counted once.
  ///   - steps: The steps taken.
  ///   - setupSeconds: The time from the start to the first step.
  ///   - seconds: The time from the start to the end.
  package init(
    _ model: CompiledModel, instructions: Int, steps: Int, setupSeconds: Double, seconds: Double
  ) {
    let nodes = model.graphs.reduce(0) { $0 + $1.lowered.nodes.count }
    let arena = model.graphs.reduce(0) { $0 + $1.plan.arenaByteCount }
    text =
      "compiled \(nodes) nodes to \(instructions) instructions with "
      + "\(model.fusionCount) fusions, arena \(bytes(arena)), "
      + "\(steps) step\(steps == 1 ? "" : "s"), the first after \(roundedDuration(setupSeconds)), "
      + "\(roundedDuration(seconds)) in all"
  }
}

/// Seconds as text: `31 ms`, `12.3 s`.
func roundedDuration(_ seconds: Double) -> String {
  seconds < 10 ? "\(Int((seconds * 1000).rounded())) ms" : "\(tenths(seconds)) s"
}
