import Compiler
import Runtime

/// How long a graph of a model took: to load, and in each of its stages.
package struct GraphTimes: Sendable, Hashable {
  /// The graph: `encode`, `noise`, `step`, `decode` or `prediction`.
  package var graph: String
  /// The seconds of reading and packing weights that no graph before it had read, of allocating,
  /// and of the stage `load`.
  package var loadSeconds: Double
  /// Its stages.
  package var stages: [StageTimes]

  /// Times of a graph.
  package init(graph: String, loadSeconds: Double, stages: [StageTimes]) {
    self.graph = graph
    self.loadSeconds = loadSeconds
    self.stages = stages
  }
}

extension Executable {
  /// The times measured since `startTiming`, as those of the graph of the given name.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  func times(of graph: String) throws -> GraphTimes {
    GraphTimes(graph: graph, loadSeconds: loadSeconds, stages: try stageTimes())
  }
}
