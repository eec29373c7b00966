import GraphIR
import Tensors

extension Pass {
  /// Element-wise operations of one shape in one loop.
  ///
  /// A chain is grown from its result towards its operands. An operation joins when it has the
  /// result's shape and is read by the chain alone: one of a smaller shape would be computed again
  /// for every element.
  package static let elementwise = Pass(
    name: "elementwise", summary: "Joins element-wise operations into one loop.",
    run: fuseElementwise)
}

@Sendable private func fuseElementwise(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.elementwise.name)
  var groups: [ValueID: [ValueID]] = [:]
  var isTaken = [Bool](repeating: false, count: graph.nodes.count)
  for id in graph.values.reversed() where !isTaken[id.index] && graph[id].op.isElementwise {
    let group = grown(from: id, isTaken: isTaken, uses, &log)
    for member in group { isTaken[member.index] = true }
    if group.count >= 2 { groups[id] = group }
  }
  if groups.isEmpty { return log.result(graph.compacted()) }
  let fused = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    guard let group = groups[old] else { return nil }
    log.make(at: node.origin)
    let (chain, inputs) = chain(group, graph)
    return try rebuilder.builder.append(.chain(chain), inputs.map(rebuilder.new))
  }
  return log.result(fused)
}

/// The operations that one loop can do, ascending, up to and including the last one.
private func grown(
  from root: ValueID, isTaken: [Bool], _ uses: UseAnalysis, _ log: inout FusionLog
) -> [ValueID] {
  let graph = uses.graph
  var group: Set<ValueID> = [root]
  var inputs = Set(graph[root].inputs)
  var stepCount = graph[root].op.elementwiseStepCount
  var candidates = inputs.sorted()
  // From the last candidate to the first: when one is looked at, all its readers are decided.
  while let candidate = candidates.popLast() {
    let node = graph[candidate]
    guard node.op.isElementwise, !isTaken[candidate.index], node.type == graph[root].type else {
      continue
    }
    let readers = uses.users(candidate)
    guard readers.count == uses.useCount(candidate), readers.allSatisfy(group.contains) else {
      log.refuse(at: node.origin, uses.consumersReason(candidate))
      continue
    }
    let grownInputs = inputs.subtracting([candidate]).union(node.inputs)
    let grownStepCount = stepCount + node.op.elementwiseStepCount
    if grownStepCount > ElementwiseChain.maximumStepCount {
      log.refuse(
        at: node.origin,
        "with \(uses.described(candidate)) the chain has over "
          + "\(ElementwiseChain.maximumStepCount) steps")
      continue
    }
    if grownInputs.count > ElementwiseChain.maximumInputCount {
      log.refuse(
        at: node.origin,
        "with \(uses.described(candidate)) the chain has over "
          + "\(ElementwiseChain.maximumInputCount) operands")
      continue
    }
    candidates += Set(node.inputs).subtracting(inputs)
    candidates.sort()
    group.insert(candidate)
    (inputs, stepCount) = (grownInputs, grownStepCount)
  }
  return group.sorted()
}

/// The chain of a group of element-wise nodes, and its operands in the order of their first use.
private func chain(_ group: [ValueID], _ graph: Graph) -> (ElementwiseChain, [ValueID]) {
  var steps: [ElementwiseChain.Step] = []
  var inputs: [ValueID] = []
  var places: [ValueID: ElementwiseChain.Operand] = [:]
  func operand(_ id: ValueID) -> ElementwiseChain.Operand {
    if let place = places[id] { return place }
    let place = ElementwiseChain.Operand.input(inputs.count)
    inputs.append(id)
    places[id] = place
    return place
  }
  func append(_ step: ElementwiseChain.Step) -> ElementwiseChain.Operand {
    steps.append(step)
    return .step(steps.count - 1)
  }
  for id in group {
    let operands = graph[id].inputs.map(operand)
    switch graph[id].op {
    case .unary(let function):
      places[id] = append(.unary(function, operands[0]))
    case .binary(let function):
      places[id] = append(.binary(function, operands[0], operands[1]))
    case .affine:
      let scaled = append(.binary(.multiply, operands[0], operands[1]))
      places[id] = append(.binary(.add, scaled, operands[2]))
    case .gatedAdd:
      let gated = append(.binary(.multiply, operands[1], operands[2]))
      places[id] = append(.binary(.add, operands[0], gated))
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .softmax, .layerNorm,
      .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear,
      .patchLinear,
      .normAffine, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample, .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
      .convolutionEpilogue:
      preconditionFailure("\(id) is not element-wise")
    }
  }
  return (ElementwiseChain(steps), inputs)
}

extension Op {
  /// The steps of a chain that do the same; 0 when none do.
  fileprivate var elementwiseStepCount: Int {
    switch self {
    case .unary, .binary: 1
    case .affine, .gatedAdd: 2
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .softmax, .layerNorm,
      .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear,
      .patchLinear,
      .normAffine, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample, .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
      .convolutionEpilogue:
      0
    }
  }

  /// Whether a chain can do it; one chain does not join another.
  fileprivate var isElementwise: Bool { elementwiseStepCount > 0 }
}
