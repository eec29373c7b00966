import GraphIR

extension Pass {
  /// `sum(a · b)` over axes without the products in memory.
  package static let reduceProduct = Pass(
    name: "reduce-product", summary: "Sums products without storing them.",
    run: fuseReducedProducts)
}

@Sendable private func fuseReducedProducts(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.reduceProduct.name)
  let fused = try graph.rewritten { rebuilder, _, node throws(GraphError) -> ValueID? in
    guard case .reduce(.sum, let axes) = node.op,
      let (left, right) = uses.operands(node.inputs[0], of: .multiply),
      uses.shape(left) == uses.shape(right)
    else { return nil }
    guard uses.isUsedOnce(node.inputs[0]) else {
      log.refuse(at: node.origin, uses.consumersReason(node.inputs[0]))
      return nil
    }
    log.make(at: node.origin)
    return try rebuilder.builder.append(
      .reduceProduct(axes: axes), [left, right].map(rebuilder.new))
  }
  return log.result(fused)
}
