import GraphIR
import Tensors

extension Pass {
  /// Queries, keys and values of one operand in one product.
  ///
  /// The three weights become the parts of one parameter; the attention reads the packed result.
  package static let qkv = Pass(
    name: "qkv", summary: "Joins the linears of queries, keys and values into one.", run: fuseQKV)
}

@Sendable private func fuseQKV(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.qkv.name)
  var matched: Set<ValueID> = []
  for id in graph.values {
    guard case .attention = graph[id].op, graph[id].inputs.count == 3 else { continue }
    do {
      try match(attention: id, uses)
      matched.insert(id)
      log.make(at: graph[id].origin)
    } catch {
      log.refuse(at: graph[id].origin, error.reason)
    }
  }
  if matched.isEmpty { return log.result(graph.compacted()) }
  let fused = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    guard matched.contains(old) else { return nil }
    let linears = node.inputs.map { graph[$0] }
    var operands = [rebuilder.new(linears[0].inputs[0])]
    for place in linears[0].inputs.indices.dropFirst() {
      operands.append(
        concatenated(linears.map { graph[$0.inputs[place]] }, &rebuilder.builder))
    }
    rebuilder.builder.origin = linears[0].origin
    let packed = try rebuilder.builder.append(linears[0].op, operands)
    rebuilder.builder.origin = node.origin
    return try rebuilder.builder.append(node.op, [packed])
  }
  return log.result(fused)
}

/// Checks that an attention's operands are linears that can be one.
///
/// - Throws: `Mismatch` with the first reason against it.
private func match(attention id: ValueID, _ uses: UseAnalysis) throws(Mismatch) {
  let operands = uses[id].inputs
  for operand in operands {
    guard case .linear(let epilogue) = uses[operand].op else {
      throw Mismatch(
        "\(uses.described(operand)) comes from `\(OpInfo(uses[operand].op).name)`, not a linear")
    }
    try uses.demandUsedOnce(operand)
    guard epilogue == LinearEpilogue(bias: epilogue.bias) else {
      throw Mismatch("\(uses.described(operand)) does more than add a bias")
    }
  }
  let first = operands[0]
  for operand in operands.dropFirst() {
    let pair = "\(uses.described(first)) and \(uses.described(operand))"
    if uses[operand].inputs[0] != uses[first].inputs[0] {
      throw Mismatch("\(pair) read different values")
    }
    if uses[operand].op != uses[first].op { throw Mismatch("of \(pair) one has a bias") }
    if uses.shape(operand) != uses.shape(first) { throw Mismatch("\(pair) differ in width") }
  }
  for operand in operands {
    for parameter in uses[operand].inputs.dropFirst() {
      guard uses.parameterParts(parameter) != nil else {
        throw Mismatch("\(uses.described(parameter)) is not a parameter")
      }
      try uses.demandUsedOnce(parameter)
    }
  }
}

/// One parameter that holds several, joined along their first axis.
private func concatenated(_ nodes: [Node], _ builder: inout GraphBuilder) -> ValueID {
  var parts: [String] = []
  var type = nodes[0].type
  type.shape.dimensions[0] = 0
  for node in nodes {
    if case .parameter(let own) = node.op { parts += own }
    type.shape.dimensions[0] += node.type.shape[0]
  }
  builder.origin = nodes[0].origin
  return builder.source(.parameter(parts), type)
}
