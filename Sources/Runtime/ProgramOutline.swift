import GraphIR
import Planning

/// What the programs of a staged graph need besides the plan's memory, known without weights.
package struct ProgramOutline: Sendable, Hashable {
  /// By stage, the kernels called in one run.
  package let instructionCounts: [Int]
  /// By stage, what the calls of one run do.
  package let works: [[KernelWork]]
  /// The bytes of one thread's own scratch.
  let scratchByteCountPerThread: Int
  /// The bytes of the largest weight that is packed while running.
  let packingByteCount: Int

  /// The outline of a planned graph.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  package init(_ staged: StagedGraph, _ plan: StagedPlan) throws {
    self.init(try KernelCallBuilder.calls(for: staged, plan))
  }

  /// The outline of the calls of every stage.
  init(_ calls: [[KernelCall]]) {
    instructionCounts = calls.map(\.count)
    works = calls.map { $0.map(\.work) }
    scratchByteCountPerThread = alignedByteCount(
      calls.joined().reduce(0) { max($0, $1.scratchByteCount) })
    packingByteCount = alignedByteCount(
      calls.joined().reduce(0) { max($0, $1.packingByteCount) })
  }

  /// The bytes that kernels use beside their operands: each thread's own, and the panels of weights
  /// that the graph computes.
  package func scratchByteCount(threadCount: Int) -> Int {
    scratchByteCountPerThread * threadCount + packingByteCount
  }
}
