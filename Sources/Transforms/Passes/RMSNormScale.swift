import GraphIR
import Tensors

extension Pass {
  /// `rms_norm(x) * scale` in one kernel; the scale is a vector along the last axis.
  package static let rmsNormScale = Pass(
    name: "rms-norm-scale", summary: "Joins a norm by the root mean square with its scale.",
    run: fuseRMSNorms)
}

@Sendable private func fuseRMSNorms(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.rmsNormScale.name)
  let fused = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    guard let (left, right) = uses.operands(old, of: .multiply) else { return nil }
    for (norm, scale) in [(left, right), (right, left)] {
      guard case .rmsNorm(let epsilon) = graph[norm].op, graph[norm].type == node.type,
        uses.isVector(scale, along: node.type.shape)
      else { continue }
      guard uses.isUsedOnce(norm) else {
        log.refuse(at: graph[norm].origin, uses.consumersReason(norm))
        continue
      }
      log.make(at: graph[norm].origin)
      rebuilder.builder.origin = graph[norm].origin
      return try rebuilder.builder.append(
        .rmsNormScale(epsilon: epsilon), [graph[norm].inputs[0], scale].map(rebuilder.new))
    }
    return nil
  }
  return log.result(fused)
}
