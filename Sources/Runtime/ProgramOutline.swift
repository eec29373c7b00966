import GraphIR
import Planning

/// What the programs of a staged graph need besides the plan's memory, known without weights.
package struct ProgramOutline {
  /// By stage, the calls of one run.
  let calls: [[KernelCall]]

  /// The outline of a planned graph.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  package init(_ staged: StagedGraph, _ plan: StagedPlan) throws {
    calls = try zip(staged.stages, plan.plans).map { stage, plan in
      try KernelCallBuilder.calls(for: stage.graph, plan)
    }
  }

  /// By stage, the kernels called in one run.
  package var instructionCounts: [Int] { calls.map(\.count) }

  /// The bytes that kernels use beside their operands: each thread's own, and the panels of weights
  /// that the graph computes.
  package func scratchByteCount(threadCount: Int) -> Int {
    scratchByteCountPerThread * threadCount + packingByteCount
  }

  /// The bytes of one thread's own scratch.
  var scratchByteCountPerThread: Int {
    alignedByteCount(calls.joined().reduce(0) { max($0, $1.scratchByteCount) })
  }

  /// The bytes of the largest weight packed while running.
  var packingByteCount: Int {
    alignedByteCount(calls.joined().reduce(0) { max($0, $1.packingByteCount) })
  }
}
