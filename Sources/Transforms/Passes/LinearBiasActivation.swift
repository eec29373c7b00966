import GraphIR
import Tensors

extension Pass {
  /// `activation(x · weightᵀ + bias)` in one `linear`.
  ///
  /// A product with a parameter, or with the state of one that learns, becomes a `linear` even when nothing follows it, so that later
  /// passes find one form; only a bias or an activation makes it a fusion.
  package static let linearBiasActivation = Pass(
    name: "linear-bias-activation",
    summary: "Joins a product with a weight, its bias and its activation.",
    run: fuseLinears)
}

/// A product with a weight, and what follows it.
private struct LinearMatch {
  let product: ValueID
  var bias: ValueID?
  var activation: UnaryOp?
  /// The last node of the pattern.
  var root: ValueID
}

@Sendable private func fuseLinears(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.linearBiasActivation.name)
  var matches: [ValueID: LinearMatch] = [:]
  for id in graph.values {
    guard let match = match(product: id, uses, &log) else { continue }
    matches[match.root] = match
    if match.root != id { log.make(at: graph[id].origin) }
  }
  if matches.isEmpty { return log.result(graph.compacted()) }
  let fused = try graph.rewritten { rebuilder, old, _ throws(GraphError) -> ValueID? in
    guard let match = matches[old] else { return nil }
    let product = graph[match.product]
    rebuilder.builder.origin = product.origin
    let operands = product.inputs + [match.bias].compactMap(\.self)
    return try rebuilder.builder.append(
      .linear(LinearEpilogue(bias: match.bias != nil, activation: match.activation)),
      operands.map(rebuilder.new))
  }
  return log.result(fused)
}

/// The pattern that starts at a product; nil when the node is no product with a weight.
private func match(
  product id: ValueID, _ uses: UseAnalysis, _ log: inout FusionLog
) -> LinearMatch? {
  let node = uses[id]
  guard case .matmul(transposeA: false, transposeB: true) = node.op,
    uses.isParameter(node.inputs[1]), uses.shape(node.inputs[1]).rank == 2
  else { return nil }
  var match = LinearMatch(product: id, root: id)

  func bias(_ user: ValueID) -> ValueID? {
    guard let (left, right) = uses.operands(user, of: .add) else { return nil }
    let other = left == id ? right : left
    let isBias =
      uses.isParameter(other) && uses.shape(other).dimensions == [uses.shape(id)[-1]]
    return isBias ? other : nil
  }
  func activation(_ user: ValueID) -> UnaryOp? {
    if case .unary(let function) = uses[user].op, function.isActivation { function } else { nil }
  }
  func refuse() { log.refuse(at: node.origin, uses.consumersReason(match.root)) }

  if let user = uses.soleUser(match.root) {
    if let bias = bias(user) { (match.bias, match.root) = (bias, user) }
  } else if uses.users(match.root).contains(where: { bias($0) != nil }) {
    refuse()
    return match
  }
  if let user = uses.soleUser(match.root) {
    if let activation = activation(user) { (match.activation, match.root) = (activation, user) }
  } else if uses.users(match.root).contains(where: { activation($0) != nil }) {
    refuse()
  }
  return match
}
