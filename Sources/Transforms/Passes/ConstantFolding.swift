import GraphIR
import Reference
import Tensors

extension Pass {
  /// Evaluates what depends on literals alone, and removes what changes nothing.
  package static let constantFolding = Pass(
    name: "constant-folding",
    summary: "Evaluates small literals and removes operations that change nothing.",
    run: foldConstants)
}

/// The most elements of an operand or a result that is folded.
private let maximumFoldedCount = 4096

@Sendable private func foldConstants(_ graph: Graph) throws(GraphError) -> PassResult {
  var log = FusionLog(Pass.constantFolding.name)
  let folded = try graph.rewritten { rebuilder, _, node throws(GraphError) -> ValueID? in
    let inputs = node.inputs.map(rebuilder.new)
    if let literal = literal(of: node, inputs, in: rebuilder.builder.graph) {
      log.make(at: node.origin)
      return rebuilder.builder.constant(literal)
    }
    let simpler = try simplified(node, inputs, &rebuilder.builder)
    if simpler != nil { log.make(at: node.origin) }
    return simpler
  }
  return log.result(folded)
}

/// The value of a node whose operands are small literals; nil when it has none, or when the value
/// is larger than they are.
private func literal(of node: Node, _ inputs: [ValueID], in graph: Graph) -> Tensor? {
  if inputs.isEmpty { return nil }
  var operands: [Tensor] = []
  var operandCount = 0
  for input in inputs {
    operandCount += graph[input].type.shape.elementCount
    guard operandCount <= maximumFoldedCount, let operand = literal(graph[input]) else {
      return nil
    }
    operands.append(operand)
  }
  guard node.type.shape.elementCount <= max(operandCount, 1) else { return nil }
  // A view costs nothing, and the table under it need not be written out.
  if case .reshape = node.op, case .table = graph[inputs[0]].op { return nil }
  // An id out of range is left for the run to meet.
  return try? Evaluator.foldedValue(of: node, operands: operands)
}

/// The elements of a literal; nil for other nodes.
private func literal(_ node: Node) -> Tensor? {
  switch node.op {
  case .constant(let tensor): tensor
  case .table(let table): Tensor(table.type, table.values.map { Float($0) })
  case .input, .state, .parameter, .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm,
    .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear,
    .affine, .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution,
    .upsample, .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
    .reduceProduct, .attentionGradient, .convolutionEpilogue:
    nil
  }
}

/// A value equal to a node's with fewer operations on the way; nil when there is none.
private func simplified(
  _ node: Node, _ inputs: [ValueID], _ builder: inout GraphBuilder
) throws(GraphError) -> ValueID? {
  switch node.op {
  case .reshape(let dimensions):
    let source = inputs[0]
    if builder.shape(source).dimensions == dimensions { return source }
    guard case .reshape = builder.graph[source].op else { return nil }
    return try builder.reshape(builder.graph[source].inputs[0], dimensions)
  case .permute(let axes):
    var source = inputs[0]
    var axes = axes
    if case .permute(let inner) = builder.graph[source].op {
      axes = axes.map { inner[$0] }
      source = builder.graph[source].inputs[0]
    }
    if axes == Array(axes.indices) { return source }
    return source == inputs[0] ? nil : try builder.permute(source, axes)
  case .broadcast(let dimensions):
    return builder.shape(inputs[0]).dimensions == dimensions ? inputs[0] : nil
  case .slice(let axis, _, let count):
    return builder.shape(inputs[0])[axis] == count ? inputs[0] : nil
  case .concat:
    return inputs.count == 1 ? inputs[0] : nil
  case .binary(let function):
    return neutral(function, inputs[0], inputs[1], builder)
  case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .unary, .softmax,
    .layerNorm, .reduce, .gather, .cast, .linear, .patchLinear, .affine, .normAffine,
    .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample, .rmsNormScale,
    .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
    .convolutionEpilogue:
    return nil
  }
}

/// The operand that a function of two gives back unchanged: `x + 0`, `x - 0`, `x * 1`, `x / 1`.
private func neutral(
  _ function: BinaryOp, _ left: ValueID, _ right: ValueID, _ builder: GraphBuilder
) -> ValueID? {
  func isEverywhere(_ value: ValueID, _ number: Float, beside other: ValueID) -> Bool {
    guard case .constant(let tensor) = builder.graph[value].op,
      tensor.shape.broadcast(with: builder.shape(other)) == builder.shape(other)
    else { return false }
    return tensor.values.allSatisfy { $0 == number }
  }
  switch function {
  case .add:
    if isEverywhere(right, 0, beside: left) { return left }
    return isEverywhere(left, 0, beside: right) ? right : nil
  case .multiply:
    if isEverywhere(right, 1, beside: left) { return left }
    return isEverywhere(left, 1, beside: right) ? right : nil
  case .subtract:
    return isEverywhere(right, 0, beside: left) ? left : nil
  case .divide:
    return isEverywhere(right, 1, beside: left) ? left : nil
  case .maximum, .minimum:
    return nil
  }
}
