import CKernels
import GraphIR
import Planning
import Tensors

/// Turns the nodes of a planned graph into kernel calls, in order.
struct KernelCallBuilder {
  let graph: Graph
  /// The calls so far.
  private(set) var calls: [KernelCall] = []

  /// The calls of one run of a graph.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  static func calls(for graph: Graph, _ plan: MemoryPlan) throws -> [KernelCall] {
    var builder = Self(graph)
    for id in graph.values { try builder.add(id) }
    builder.addCopies(plan.copies)
    return builder.calls
  }

  /// By stage, the calls of one run.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  static func calls(for staged: StagedGraph, _ plan: StagedPlan) throws -> [[KernelCall]] {
    try zip(staged.stages, plan.plans).map { try calls(for: $0.graph, $1) }
  }

  private init(_ graph: Graph) { self.graph = graph }

  /// Appends a call.
  mutating func append(
    _ arguments: KernelArguments, _ operands: [KernelOperand], endsWithBarrier: Bool = true
  ) {
    calls.append(
      KernelCall(arguments: arguments, operands: operands, endsWithBarrier: endsWithBarrier))
  }

  /// The shape of a value.
  func shape(_ id: ValueID) -> Shape { graph[id].type.shape }

  /// The element type of a value of floats.
  func element(_ id: ValueID) -> dth_element {
    graph[id].type.dtype == .bf16 ? DTH_BF16 : DTH_F32
  }

  private mutating func add(_ id: ValueID) throws {
    if graph.storageView(of: id) != nil { return }
    let node = graph[id]
    switch node.op {
    case .input, .state, .parameter, .constant, .table: break
    case .stepRow, .reshape: preconditionFailure("\(id) is a view")
    case .matmul(let transposeA, let transposeB):
      try addMatmul(id, transposeA: transposeA, transposeB: transposeB)
    case .linear(let epilogue): try addLinear(id, epilogue)
    case .patchLinear(let view, let epilogue): try addPatchLinear(id, view, epilogue)
    case .attention(let heads, let scale): addAttention(id, heads: heads, scale: scale)
    case .unary(let function): try addElementwise(id, [.unary(function, .input(0))])
    case .binary(let function):
      try addElementwise(id, [.binary(function, .input(0), .input(1))])
    case .affine:
      try addElementwise(
        id, [.binary(.multiply, .input(0), .input(1)), .binary(.add, .step(0), .input(2))])
    case .gatedAdd:
      try addElementwise(
        id, [.binary(.multiply, .input(1), .input(2)), .binary(.add, .input(0), .step(0))])
    case .chain(let chain): try addElementwise(id, chain.steps)
    case .cast:
      try addMovement(id, from: node.inputs[0], strides: shape(node.inputs[0]).strides)
    case .softmax: addSoftmax(id)
    case .softmaxGradient: addSoftmaxGradient(id)
    case .attentionGradient(let heads, let scale):
      addAttentionGradient(id, heads: heads, scale: scale)
    case .normGradient(let epsilon, let scale, let residual):
      addNormGradient(id, epsilon: epsilon, scale: scale, residual: residual)
    case .layerNorm(let epsilon): addLayerNorm(id, epsilon: epsilon)
    case .normAffine(let epsilon): try addNormAffine(id, epsilon: epsilon)
    case .rmsNorm(let epsilon): addRMSNorm(id, epsilon: epsilon)
    case .rmsNormScale(let epsilon): try addRMSNormScale(id, epsilon: epsilon)
    case .groupNorm(let groups, let epsilon):
      addGroupNorm(id, groups: groups, epsilon: epsilon, activation: nil)
    case .groupNormAffine(let groups, let epsilon, let activation):
      addGroupNorm(id, groups: groups, epsilon: epsilon, activation: activation)
    case .convolution(let window):
      addConvolution(id, window, LinearEpilogue(bias: node.inputs.count == 3))
    case .convolutionEpilogue(let window, let epilogue): addConvolution(id, window, epilogue)
    case .upsample(let factor): addUpsample(id, factor: factor)
    case .reduce(let function, let axes): try addReduce(id, function, axes: axes)
    case .reduceProduct(let axes): try addReduce(id, .sum, axes: axes)
    case .gather: addGather(id)
    case .broadcast: try addBroadcast(id)
    case .permute(let axes): try addPermute(id, axes)
    case .slice(let axis, let start, _): try addSlice(id, axis: axis, start: start)
    case .concat(let axis): try addConcat(id, axis: axis)
    }
  }

  /// Appends the copies of outputs: first those that save a value, last those that restore one.
  private mutating func addCopies(_ copies: [OutputCopy]) {
    for copy in copies {
      if let buffer = copy.stagingBuffer {
        addCopy(from: .value(copy.source), to: .staging(buffer), shape(copy.source).elementCount)
      }
    }
    for copy in copies where copy.stagingBuffer == nil {
      addCopy(
        from: .value(copy.source), to: .output(copy.output), shape(copy.source).elementCount)
    }
    for copy in copies {
      if let buffer = copy.stagingBuffer {
        addCopy(from: .staging(buffer), to: .output(copy.output), shape(copy.source).elementCount)
      }
    }
  }
}
