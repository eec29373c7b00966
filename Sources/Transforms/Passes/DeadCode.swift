import GraphIR

extension Pass {
  /// Drops the nodes that no output needs.
  package static let deadCode = Pass(
    name: "dead-code", summary: "Drops nodes that no output needs.", run: removeDeadCode)
}

@Sendable private func removeDeadCode(_ graph: Graph) throws(GraphError) -> PassResult {
  var log = FusionLog(Pass.deadCode.name)
  for (node, isReachable) in zip(graph.nodes, graph.reachability) where !isReachable {
    log.make(at: node.origin)
  }
  return log.result(graph.compacted())
}
