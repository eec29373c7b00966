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
  /// What was fused, stage by stage.
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
    made = []
    refused = []
    var staged = StagedGraph(lowered)
    if isStaged {
      // What folds or occurs twice must do so before the graph is split: a stage cannot look into
      // what another one carries to it.
      let simplified = try PassPipeline.run(
        passes.filter { Pass.simplificationNames.contains($0.name) }, on: lowered,
        verifying: isVerifying)
      staged = try Transforms.staged(simplified.graph)
    }
    for index in staged.stages.indices {
      let result = try PassPipeline.run(
        passes, on: staged.stages[index].graph, verifying: isVerifying)
      staged.stages[index].graph = result.graph
      made += result.made.filter { !Pass.simplificationNames.contains($0.kind) }
      refused += result.refused
    }
    self.staged = staged
    plan = StagedPlan(staged)
  }
}

extension Pass {
  /// The names of the passes that keep a graph primitive, and fuse nothing.
  static let simplificationNames = Set(
    [deadCode, constantFolding, commonSubexpressions].map(\.name))
}
