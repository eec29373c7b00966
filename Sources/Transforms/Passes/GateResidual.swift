import GraphIR
import Tensors

extension Pass {
  /// `residual + gate * y` in the epilogue of the linear that makes `y`; a plain residual likewise.
  ///
  /// When `y` is no linear, or the epilogue cannot hold them, a gate and a residual become one
  /// `gated_add`.
  package static let gateResidual = Pass(
    name: "gate-residual", summary: "Joins a gate and a residual with the linear before them.",
    run: fuseGateResidual)
}

/// A sum of a residual and a value, perhaps gated.
private struct GateResidualMatch {
  let residual: ValueID
  /// The product with the gate, where there is one.
  let product: ValueID?
  let gate: ValueID?
  let y: ValueID
}

@Sendable private func fuseGateResidual(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.gateResidual.name)
  let fused = try graph.rewritten { rebuilder, old, _ throws(GraphError) -> ValueID? in
    let candidates = candidates(sum: old, uses)
    var refusals: [(ValueID, Mismatch)] = []
    for match in candidates where uses.linearEpilogue(match.y) != nil {
      let extended: LinearEpilogue
      do throws(Mismatch) {
        extended = try epilogue(match, uses)
      } catch {
        refusals.append((match.y, error))
        continue
      }
      let linear = graph[match.y]
      log.make(at: linear.origin)
      rebuilder.builder.origin = linear.origin
      let operands = linear.inputs + [match.gate, match.residual].compactMap(\.self)
      return try rebuilder.builder.append(.linear(extended), operands.map(rebuilder.new))
    }
    for (linear, mismatch) in refusals { log.refuse(at: graph[linear].origin, mismatch.reason) }
    for match in candidates {
      guard let product = match.product, let gate = match.gate,
        uses.shape(match.residual) == uses.shape(old)
      else { continue }
      guard uses.isUsedOnce(product) else {
        log.refuse(at: graph[product].origin, uses.consumersReason(product))
        continue
      }
      log.make(at: graph[product].origin)
      rebuilder.builder.origin = graph[product].origin
      return try rebuilder.builder.append(
        .gatedAdd, [match.residual, gate, match.y].map(rebuilder.new))
    }
    return nil
  }
  return log.result(fused)
}

/// The ways to read a sum as residual and value, best first: gated before plain, and the value
/// made last, whose residual is then there before it.
private func candidates(sum id: ValueID, _ uses: UseAnalysis) -> [GateResidualMatch] {
  guard let (left, right) = uses.operands(id, of: .add) else { return [] }
  var gated: [GateResidualMatch] = []
  var plain: [GateResidualMatch] = []
  let (earlier, later) = left < right ? (left, right) : (right, left)
  for (residual, sum) in [(earlier, later), (later, earlier)] {
    guard uses.shape(sum) == uses.shape(id), uses.shape(residual).elementCount > 1 else {
      continue
    }
    if uses.linearEpilogue(sum) != nil {
      plain.append(GateResidualMatch(residual: residual, product: nil, gate: nil, y: sum))
    }
    guard let factors = uses.operands(sum, of: .multiply) else { continue }
    for (gate, y) in [factors, (factors.right, factors.left)] {
      let shape = uses.shape(y)
      let isGate =
        uses.isVector(gate, along: shape)
        && (uses.repeats(gate, in: shape) || uses.linearEpilogue(y) != nil)
      if shape == uses.shape(id), isGate {
        gated.append(GateResidualMatch(residual: residual, product: sum, gate: gate, y: y))
      }
    }
  }
  return gated + plain
}

/// The epilogue of a linear with a gate and a residual added.
///
/// - Throws: `Mismatch` when the epilogue cannot hold them or the linear is read elsewhere.
private func epilogue(
  _ match: GateResidualMatch, _ uses: UseAnalysis
) throws(Mismatch) -> LinearEpilogue {
  guard var epilogue = uses.linearEpilogue(match.y), !epilogue.gate, !epilogue.residual else {
    throw Mismatch("\(uses.described(match.y)) has a gate or a residual already")
  }
  try uses.demandUsedOnce(match.y)
  if let product = match.product { try uses.demandUsedOnce(product) }
  let shape = uses.shape(match.y)
  if let gate = match.gate, uses.shape(gate).rowGroupCount(in: shape) == nil {
    throw Mismatch("\(uses.described(gate)) does not serve whole runs of rows of \(shape)")
  }
  if !uses.shape(match.residual).isSuffix(of: shape) {
    throw Mismatch(
      "\(uses.described(match.residual)) \(uses.shape(match.residual)) is no suffix of \(shape)")
  }
  epilogue.gate = match.gate != nil
  epilogue.residual = true
  return epilogue
}

extension UseAnalysis {
  /// The epilogue of a linear; nil for other values.
  fileprivate func linearEpilogue(_ id: ValueID) -> LinearEpilogue? {
    if case .linear(let epilogue) = graph[id].op { epilogue } else { nil }
  }
}
