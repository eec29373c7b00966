import GraphIR
import Tensors

extension Pass {
  /// `x * scale + shift` in one `affine`, and in one `norm_affine` when `x` is a `layer_norm`.
  ///
  /// A scale and a shift are vectors along the last axis. An affine that has no norm before it may
  /// still join an element-wise chain.
  package static let scaleShift = Pass(
    name: "scale-shift", summary: "Joins a scale and a shift, and the norm before them.",
    run: fuseScaleShift)
}

private struct ScaleShiftMatch {
  let product: ValueID
  let x: ValueID
  let scale: ValueID
  let shift: ValueID
}

@Sendable private func fuseScaleShift(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.scaleShift.name)
  let fused = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    guard let match = match(sum: old, uses) else { return nil }
    let product = graph[match.product]
    guard uses.isUsedOnce(match.product) else {
      log.refuse(at: product.origin, uses.consumersReason(match.product))
      return nil
    }
    log.make(at: product.origin)
    rebuilder.builder.origin = product.origin
    var (op, x) = (Op.affine, match.x)
    if case .layerNorm(let epsilon) = graph[x].op {
      if uses.isUsedOnce(x) {
        rebuilder.builder.origin = graph[x].origin
        (op, x) = (.normAffine(epsilon: epsilon), graph[x].inputs[0])
      } else {
        log.refuse(at: graph[x].origin, uses.consumersReason(x))
      }
    }
    return try rebuilder.builder.append(op, [x, match.scale, match.shift].map(rebuilder.new))
  }
  return log.result(fused)
}

/// The scale and shift that a sum completes; nil when it completes none.
private func match(sum id: ValueID, _ uses: UseAnalysis) -> ScaleShiftMatch? {
  guard let (left, right) = uses.operands(id, of: .add) else { return nil }
  for (product, shift) in [(left, right), (right, left)] {
    guard let factors = uses.operands(product, of: .multiply),
      uses.shape(product) == uses.shape(id), uses.isVector(shift, along: uses.shape(id))
    else { continue }
    var candidates = [factors, (factors.right, factors.left)]
    if uses.isLayerNorm(factors.right) { candidates.reverse() }
    for (x, scale) in candidates
    where uses.shape(x) == uses.shape(id) && uses.isVector(scale, along: uses.shape(id)) {
      let shape = uses.shape(x)
      let isSmall = uses.repeats(scale, in: shape) && uses.repeats(shift, in: shape)
      // For a single token a gate and a residual have the same shapes; their sum starts with the
      // residual, a modulation's with the product.
      let isModulation =
        isSmall
        || shape.rank >= 2 && shape[-2] == 1
          && (uses.isLayerNorm(x) || product == left && x == factors.left)
      if isModulation {
        return ScaleShiftMatch(product: product, x: x, scale: scale, shift: shift)
      }
    }
  }
  return nil
}

extension UseAnalysis {
  fileprivate func isLayerNorm(_ id: ValueID) -> Bool {
    if case .layerNorm = graph[id].op { true } else { false }
  }
}
