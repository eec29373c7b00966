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
  ///   - seconds: The time from start to end.
  package init(_ model: CompiledModel, instructions: Int, steps: Int, seconds: Double) {
    let nodes = model.graphs.reduce(0) { $0 + $1.lowered.nodes.count }
    let arena = model.graphs.reduce(0) { $0 + $1.plan.arenaByteCount }
    let milliseconds = Int((seconds * 1000).rounded())
    let time = seconds < 10 ? "\(milliseconds) ms" : "\(tenths(seconds)) s"
    text =
      "compiled \(nodes) nodes to \(instructions) instructions with "
      + "\(model.fusionCount) fusions, arena \(bytes(arena)), "
      + "\(steps) step\(steps == 1 ? "" : "s"), \(time) in all"
  }
}
