import GraphIR
import Tensors

extension Pass {
  /// `residual + activation(convolution(x, weight, bias))` in one kernel, where there is an
  /// activation or a residual.
  package static let convolutionEpilogue = Pass(
    name: "convolution-epilogue",
    summary: "Joins a convolution with its activation and its residual.",
    run: fuseConvolutions)
}

/// A convolution, and what follows it.
private struct ConvolutionMatch {
  let convolution: ValueID
  var activation: UnaryOp?
  var residual: ValueID?
}

@Sendable private func fuseConvolutions(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.convolutionEpilogue.name)
  // By the last node of the pattern.
  var matches: [ValueID: ConvolutionMatch] = [:]
  for id in graph.values {
    guard case .convolution = graph[id].op,
      let (root, match) = match(convolution: id, uses, &log)
    else { continue }
    // Of two convolutions in one sum the later one takes the other for its residual.
    if var earlier = matches[root], let value = match.residual {
      earlier.residual = nil
      if earlier.activation != nil { matches[value] = earlier }
    }
    matches[root] = match
  }
  let fused = try graph.rewritten { rebuilder, old, _ throws(GraphError) -> ValueID? in
    guard let match = matches[old], case .convolution(let window) = graph[match.convolution].op
    else { return nil }
    let convolution = graph[match.convolution]
    log.make(at: convolution.origin)
    rebuilder.builder.origin = convolution.origin
    let epilogue = LinearEpilogue(
      bias: convolution.inputs.count == 3, activation: match.activation,
      residual: match.residual != nil)
    let operands = convolution.inputs + [match.residual].compactMap(\.self)
    return try rebuilder.builder.append(
      .convolutionEpilogue(window, epilogue), operands.map(rebuilder.new))
  }
  return log.result(fused)
}

/// The pattern that starts at a convolution, and its last node; nil when nothing joins it.
private func match(
  convolution id: ValueID, _ uses: UseAnalysis, _ log: inout FusionLog
) -> (root: ValueID, ConvolutionMatch)? {
  var match = ConvolutionMatch(convolution: id)
  var root = id

  func activation(_ user: ValueID) -> UnaryOp? {
    if case .unary(let function) = uses[user].op, function.isActivation { function } else { nil }
  }
  func residual(_ user: ValueID) -> ValueID? {
    guard let (left, right) = uses.operands(user, of: .add), left != right else { return nil }
    let other = left == root ? right : left
    return uses.shape(other) == uses.shape(root) ? other : nil
  }
  func refuse() { log.refuse(at: uses[id].origin, uses.consumersReason(root)) }

  if let user = uses.soleUser(root) {
    if let function = activation(user) { (match.activation, root) = (function, user) }
  } else if uses.users(root).contains(where: { activation($0) != nil || residual($0) != nil }) {
    refuse()
    return nil
  }
  if let user = uses.soleUser(root) {
    if let value = residual(user) { (match.residual, root) = (value, user) }
  } else if uses.users(root).contains(where: { residual($0) != nil }) {
    refuse()
  }
  return root == id ? nil : (root, match)
}
