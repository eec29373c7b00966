import GraphIR
import Planning
import Transforms

/// One graph of a model, from lowering to plan.
package struct CompiledGraph: Sendable {
  /// The graph as lowering left it, in primitive ops.
  package var lowered: Graph
  /// The stages after the passes.
  package var staged: StagedGraph
  /// The memory of the stages.
  package var plan: StagedPlan
  /// What the passes did, stage by stage.
  package var made: [Fusion]
  /// What they left alone, stage by stage.
  package var refused: [Refusal]

  /// The graph's name.
  package var name: String { lowered.name }

  /// Splits a graph into stages where asked, runs the passes and plans the memory.
  ///
  /// - Parameter isStaged: Whether values are computed as rarely as they change, or all of them
  ///   every time.
  /// - Throws: `GraphError` when a pass breaks an invariant.
  package init(
    _ lowered: Graph, isStaged: Bool, passes: [Pass], isVerifying: Bool
  ) throws(GraphError) {
    self.lowered = lowered
    var staged = isStaged ? try Transforms.staged(lowered) : StagedGraph(lowered)
    made = []
    refused = []
    for index in staged.stages.indices {
      let result = try PassPipeline.run(
        passes, on: staged.stages[index].graph, verifying: isVerifying)
      staged.stages[index].graph = result.graph
      made += result.made
      refused += result.refused
    }
    if isVerifying { for stage in staged.stages { try GraphVerifier.verify(stage.graph) } }
    self.staged = staged
    plan = StagedPlan(staged)
  }
}
