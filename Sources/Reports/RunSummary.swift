import Compiler
import Transforms

/// What the compiler did for a run, in one line.
package struct RunSummary: Sendable {
  /// The line.
  package let text: String

  /// The summary of a run.
  ///
  /// - Parameters:
  ///   - figures: What the model costs.
  ///   - steps: The steps taken.
  ///   - seconds: The time from start to end.
  package init(_ figures: PlanFigures, steps: Int, seconds: Double) {
    let fusions = figures.fusions.reduce(0) { $0 + $1.count }
    let milliseconds = Int((seconds * 1000).rounded())
    let time = seconds < 10 ? "\(milliseconds) ms" : "\(tenths(seconds)) s"
    text =
      "compiled \(figures.nodes) nodes to \(figures.instructions) instructions with "
      + "\(fusions) fusions, arena \(bytes(figures.arenaBytes)), "
      + "\(steps) step\(steps == 1 ? "" : "s"), \(time) in all"
  }
}
