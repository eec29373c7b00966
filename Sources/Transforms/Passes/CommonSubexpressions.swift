import GraphIR
import Tensors

extension Pass {
  /// Computes what is computed several times once.
  package static let commonSubexpressions = Pass(
    name: "common-subexpressions",
    summary: "Merges nodes that do the same to the same operands.",
    run: mergeCommonSubexpressions)
}

@Sendable private func mergeCommonSubexpressions(
  _ graph: Graph
) throws(GraphError) -> PassResult {
  var log = FusionLog(Pass.commonSubexpressions.name)
  var known: [Int: [ValueID]] = [:]
  known.reserveCapacity(graph.nodes.count)
  let merged = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    let inputs = node.inputs.map(rebuilder.new)
    let key = hash(of: node, inputs)
    let same = known[key]?.first { isSame(rebuilder.builder.graph[$0], node, inputs) }
    if let same {
      // A source costs nothing; merging it is not worth a line in a report.
      if !node.inputs.isEmpty { log.make(at: node.origin) }
      return same
    }
    let first = try rebuilder.copy(old)
    known[key, default: []].append(first)
    return first
  }
  return log.result(merged)
}

/// A hash of what tells most nodes apart: operands, and of a source what it is.
private func hash(of node: Node, _ inputs: [ValueID]) -> Int {
  var hasher = Hasher()
  for input in inputs { hasher.combine(input.index) }
  if inputs.isEmpty { hasher.combine(node.op) }
  return hasher.finalize()
}

/// Whether nodes are the same in all but the origin.
private func isSame(_ first: Node, _ second: Node, _ inputs: [ValueID]) -> Bool {
  guard first.inputs == inputs, first.type == second.type else { return false }
  if case .constant(let left) = first.op, case .constant(let right) = second.op {
    // 0 and -0 compare equal as numbers but are not the same literal.
    return left.type == right.type
      && left.values.elementsEqual(right.values) { $0.bitPattern == $1.bitPattern }
  }
  return first.op == second.op
}
