import GraphIR
import Planning
import Tensors

/// The tensors outside the arena by role and name, and the memory that holds them.
struct TensorDirectory {
  /// What the caller provides.
  private(set) var inputs: [String: TensorSlot] = [:]
  /// What a step leaves for the next.
  private(set) var states: [String: TensorSlot] = [:]
  /// What stages hand on.
  private(set) var carried: [String: TensorSlot] = [:]
  /// What the caller reads.
  private(set) var results: [String: TensorSlot] = [:]
  /// The names of the inputs, in the order of the graph.
  let inputNames: [String]

  private let interfaceBlock: MemoryBlock
  private let carriedBlock: MemoryBlock

  /// Allocates the tensors of a staged graph, but for the states that it shares.
  ///
  /// - Throws: `RuntimeError` when there is no memory, or a name has two types.
  init(_ staged: StagedGraph, _ plan: StagedPlan, sharing shared: SharedStates? = nil) throws {
    let tensors = NamedTensors(staged)
    inputNames = tensors.inputs.map(\.name)
    let ownStates = tensors.states.filter { shared?.slot($0.name) == nil }
    let sharedByteCount = tensors.states.reduce(0) { count, state in
      count + (shared?.slot(state.name) == nil ? 0 : alignedByteCount(state.type.byteCount))
    }
    interfaceBlock = try MemoryBlock(
      byteCount: plan.interfaceByteCount - sharedByteCount, for: "inputs and results")
    carriedBlock = try MemoryBlock(byteCount: plan.carriedByteCount, for: "carried values")
    var offset = 0
    func slots(_ tensors: [NamedTensor], in block: MemoryBlock) -> [String: TensorSlot] {
      var result: [String: TensorSlot] = [:]
      for tensor in tensors {
        result[tensor.name] = TensorSlot(type: tensor.type, base: block.base + offset)
        offset += alignedByteCount(tensor.type.byteCount)
      }
      return result
    }
    inputs = slots(tensors.inputs, in: interfaceBlock)
    states = slots(ownStates, in: interfaceBlock)
    for state in tensors.states {
      if let slot = shared?.slot(state.name) { states[state.name] = slot }
    }
    results = slots(tensors.results, in: interfaceBlock)
    offset = 0
    carried = slots(tensors.carried, in: carriedBlock)
    for stage in staged.stages { try check(stage.graph) }
    limitIDs(staged)
  }

  /// The bytes of inputs, states of its own and results.
  var interfaceByteCount: Int { interfaceBlock.byteCount }

  /// The bytes of carried values.
  var carriedByteCount: Int { carriedBlock.byteCount }

  /// The memory of an input, a state, or nil for another op.
  func slot(of op: Op) -> TensorSlot? {
    switch op {
    case .input(let name): carried[name] ?? inputs[name] ?? states[name]
    case .state(let name): states[name]
    case .parameter, .constant, .table, .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm,
      .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear,
      .patchLinear,
      .affine, .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution,
      .upsample, .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue:
      nil
    }
  }

  /// The memory of an output.
  func slot(of output: Output) -> TensorSlot? {
    output.isState ? states[output.name] : carried[output.name] ?? results[output.name]
  }

  /// Each use of a name must have the type of its memory.
  private func check(_ graph: Graph) throws {
    for node in graph.nodes {
      if let slot = slot(of: node.op), slot.type != node.type {
        throw RuntimeError("\(graph.name) takes \(node.type) where \(slot.type) is handed on")
      }
    }
    for output in graph.outputs where slot(of: output)?.type != graph[output.value].type {
      throw RuntimeError("\(graph.name) gives \(output.name) another type than its other uses")
    }
  }

  /// Ids are checked when they are set, against the smallest table that they index.
  private mutating func limitIDs(_ staged: StagedGraph) {
    for stage in staged.stages {
      for node in stage.graph.nodes {
        guard case .gather = node.op,
          case .input(let name) = stage.graph[node.inputs[1]].op
        else { continue }
        let rows = stage.graph[node.inputs[0]].type.shape[0]
        let limit = min(inputs[name]?.idLimit ?? rows, rows)
        inputs[name]?.idLimit = limit
      }
    }
  }
}
