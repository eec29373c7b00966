import GraphIR
import Tensors

extension Pass {
  /// Products of `bf16` numbers, summed in `f32`, wherever a training multiplies matrices.
  ///
  /// A result that products alone read, through views, becomes `bf16` where its kernel rounds as it
  /// stores. The weight of a `linear`, the right operand of a `matmul` that reads it transposed, and
  /// one operand of another `matmul` of which neither is `bf16` then, are read through a `cast`, one
  /// for all that read it; the kernels round the other operand as they read it. Everything else stays
  /// `f32`: states, sums, norms, activations, fused attention and its gradient, the loss.
  ///
  /// It changes results by the rounding of `bf16`, so that it is no part of `PassPipeline.all`: it
  /// runs last, on the graph of a loss and its gradients, where that precision is asked for.
  ///
  /// - Source: Micikevicius et al., Mixed Precision Training (arXiv 1710.03740), section 3.1; the
  ///   range of `bf16` needs no scaling of the loss.
  package static let roundProducts = Pass(
    name: "round-products", summary: "Multiplies matrices in bf16, and sums in f32.",
    run: productsRounded)
}

@Sendable private func productsRounded(_ graph: Graph) throws(GraphError) -> PassResult {
  var log = FusionLog(Pass.roundProducts.name)
  let uses = UseAnalysis(graph)
  var graph = graph
  for id in graph.values where graph[id].type.dtype == .f32 && isStoredShort(id, uses) {
    for piece in uses.pieces(of: id) { graph.nodes[piece.index].type.dtype = .bf16 }
    log.make(at: graph[id].origin)
  }
  var casts: [ValueID: ValueID] = [:]
  let narrowed = graph
  let rounded = try narrowed.rewritten { rebuilder, _, node throws(GraphError) -> ValueID? in
    guard let place = castPlace(node, narrowed, casts) else { return nil }
    log.make(at: node.origin)
    let operand = node.inputs[place]
    var inputs = node.inputs.map(rebuilder.new)
    if let cast = casts[operand] {
      inputs[place] = cast
    } else {
      inputs[place] = try rebuilder.builder.append(.cast, [inputs[place]])
      casts[operand] = inputs[place]
    }
    return try rebuilder.builder.append(node.op, inputs, as: node.type.dtype)
  }
  return log.result(rounded)
}

/// Whether a value is rounded as it is stored: its kernel can, and products alone read it.
private func isStoredShort(_ id: ValueID, _ uses: UseAnalysis) -> Bool {
  let node = uses[id]
  let rounds: Bool
  switch node.op {
  // Its weight becomes `bf16`.
  case .linear(let epilogue), .patchLinear(_, let epilogue): rounds = epilogue.isSingleKernel
  default:
    rounds =
      !uses.isPiece(id)
      && node.op.roundsResult(node.inputs.map { uses[$0].type }, into: node.type.shape)
  }
  guard rounds, let readings = uses.readings(of: id), !readings.isEmpty else { return false }
  return readings.allSatisfy { reading in
    let op = uses[reading.user].op
    if case .matmul = op { return true }
    return reading.place == op.weightPlace
      || (op.weightPlace != nil && op.readsShort(at: reading.place))
  }
}

/// The operand of a product that is read through a cast; nil where none has to be.
///
/// - Parameter casts: The values that are cast already.
private func castPlace(_ node: Node, _ graph: Graph, _ casts: [ValueID: ValueID]) -> Int? {
  let types = node.inputs.map { graph[$0].type }
  // Even beside a `bf16` operand: of a `linear` the weight alone says how it multiplies.
  if let place = node.op.weightPlace, types[place].dtype == .f32 { return place }
  if node.op.multipliesShort(types) { return nil }
  if case .matmul = node.op {
    if let known = (0..<2).first(where: { casts[node.inputs[$0]] != nil }) { return known }
    return types[0].shape.elementCount < types[1].shape.elementCount ? 0 : 1
  }
  return nil
}
