import GraphIR
import Tensors

extension Pass {
  /// The gradient of a norm with the scale of its cotangent and the gradient that goes past it.
  package static let normGradient = Pass(
    name: "norm-gradient", summary: "Joins the gradient of a norm with its scale and a residual.",
    run: fuseNormGradients)
}

/// What the gradient of a norm is joined with.
private struct NormGradientMatch {
  /// The gradient itself.
  let norm: ValueID
  /// The cotangent, before its scale where there is one.
  var cotangent: ValueID
  var scale: ValueID?
  var residual: ValueID?
}

@Sendable private func fuseNormGradients(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.normGradient.name)
  var matches: [ValueID: NormGradientMatch] = [:]
  for id in graph.values {
    guard case .normGradient(_, scale: false, residual: false) = graph[id].op else { continue }
    var match = NormGradientMatch(norm: id, cotangent: graph[id].inputs[1])
    uses.findScale(&match, &log)
    var root = id
    // Where two such gradients are added, the first stands for the sum.
    if let user = uses.soleUser(id), let (left, right) = uses.operands(user, of: .add),
      uses.shape(left) == uses.shape(right), matches[user] == nil
    {
      match.residual = left == id ? right : left
      root = user
    }
    if match.scale == nil, match.residual == nil { continue }
    matches[root] = match
    log.make(at: graph[id].origin)
  }
  let fused = try graph.rewritten { rebuilder, old, _ throws(GraphError) -> ValueID? in
    guard let match = matches[old], case .normGradient(let epsilon, _, _) = graph[match.norm].op
    else { return nil }
    rebuilder.builder.origin = graph[match.norm].origin
    let operands =
      [graph[match.norm].inputs[0], match.cotangent]
      + [match.scale, match.residual].compactMap { $0 }
    return try rebuilder.builder.append(
      .normGradient(
        epsilon: epsilon, scale: match.scale != nil, residual: match.residual != nil),
      operands.map(rebuilder.new))
  }
  return log.result(fused)
}

extension UseAnalysis {
  /// Finds a scale that repeats over runs of rows in the cotangent of a match.
  fileprivate func findScale(_ match: inout NormGradientMatch, _ log: inout FusionLog) {
    let product = match.cotangent
    guard let (left, right) = operands(product, of: .multiply) else { return }
    for (value, scale) in [(left, right), (right, left)]
    where shape(value) == shape(product) && repeats(scale, in: shape(product))
      && shape(scale).rowGroupCount(in: shape(product)) != nil
    {
      guard isUsedOnce(product) else {
        return log.refuse(at: self[match.norm].origin, consumersReason(product))
      }
      (match.cotangent, match.scale) = (value, scale)
      return
    }
  }
}
