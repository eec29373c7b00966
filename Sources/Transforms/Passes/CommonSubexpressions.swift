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
  var first: [Expression: ValueID] = [:]
  let merged = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    let expression = Expression(node, inputs: node.inputs.map(rebuilder.new))
    if let same = first[expression] {
      // A source costs nothing; merging it is not worth a line in a report.
      if !node.inputs.isEmpty { log.make(at: node.origin) }
      return same
    }
    first[expression] = try rebuilder.copy(old)
    return first[expression]
  }
  return log.result(merged)
}

/// What makes two nodes equal: all but the origin.
private struct Expression: Hashable {
  let op: Op
  let inputs: [ValueID]
  let type: TensorType
  /// The bits of a literal; 0 and -0 compare equal as numbers but are not the same literal.
  let bits: [UInt32]

  init(_ node: Node, inputs: [ValueID]) {
    op = node.op
    self.inputs = inputs
    type = node.type
    if case .constant(let tensor) = node.op {
      bits = tensor.values.map(\.bitPattern)
    } else {
      bits = []
    }
  }
}
