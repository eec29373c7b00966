import Tensors

/// Checks what every graph fulfils.
///
/// - **Order.** An operand is made by an earlier node; an output is the value of a node.
/// - **Types.** The type of a node is the one inferred from its operands; the type of an input, a
///   state or a parameter is declared. Extents are at least 1, element counts at most `maximumElementCount`.
/// - **Element types.** Values are `f32`, `bf16` or `i32`; states and tables are `f32`; `i32` is
///   read by `gather` as ids and by nothing else. `i32` literals hold integers below 2^24.
/// - **Short values.** A `bf16` value is a parameter, a `cast`, a result that its kernel rounds, or a
///   piece of one; `Op.permits` tells which. A parameter of them is read, whole, as the weight of
///   products; another one as an operand of a `matmul`, as the weight of a `linear`, as the `x` of a
///   `linear` with such a weight, or by attention whose operands are all `bf16`. None is an output.
/// - **Names.** The names of the graph, of sources and of outputs are not empty. An input or a state
///   has one node, and no other input or state has its name. Output names are unique.
/// - **Parameters.** A parameter has at least one part. Nodes with the same parts have the same
///   type; nodes that share a part agree in all extents but the first.
/// - **States.** Every state has exactly one output that is a state of the same name and type, and
///   every such output has its state.
/// - **Chains.** A step reads operands that exist and earlier steps; the last one has the shape that
///   all operands broadcast to; counts are within the limits of `ElementwiseChain`.
/// - **Tables.** A table has entries, positive periods, and parts of even width over axes it has.
/// - **Steps.** The operand of `step_row` depends on no state and on no other `step_row`: all of
///   its rows can be made before the first step.
package enum GraphVerifier {
  /// The most elements of a value.
  package static let maximumElementCount = 1 << 40

  /// The violations of the invariants, in the order of the nodes.
  ///
  /// Any graph may be given; one that fulfils them has none.
  package static func verify(_ graph: Graph) -> [GraphError] {
    var verification = Verification(graph)
    verification.verifyNodes()
    verification.verifySourceNames()
    verification.verifyOutputs()
    if verification.isOrdered { verification.verifySteps() }
    return verification.errors
  }
}

private struct Verification {
  let graph: Graph
  var errors: [GraphError] = []
  /// Whether every operand is made by an earlier node.
  var isOrdered = true
  /// By parameter, and by piece of one, the elements of the parameter.
  private var shortParameters: [Int: Int] = [:]

  init(_ graph: Graph) { self.graph = graph }

  private mutating func report(_ message: String, at index: Int? = nil) {
    let origin = index.map { graph.nodes[$0].origin } ?? Origin("")
    errors.append(GraphError(message, origin: origin, value: index.map(ValueID.init)))
  }

  mutating func verifyNodes() {
    if graph.name.isEmpty { report("the graph has no name") }
    for (index, node) in graph.nodes.enumerated() {
      verifyDeclaration(node, at: index)
      if let stray = node.inputs.first(where: { !(0..<index).contains($0.index) }) {
        report("\(OpInfo(node.op).name) reads \(stray), which is not made before it", at: index)
        isOrdered = false
        continue
      }
      verifyType(node, at: index)
    }
  }

  private mutating func verifyType(_ node: Node, at index: Int) {
    let name = OpInfo(node.op).name
    let inputs = node.inputs.map { graph[$0].type }
    // Inference adds and multiplies extents, so operands of a meaningless shape could trap.
    if inputs.contains(where: { !Self.isBounded($0.shape) }) { return }
    if !Self.isBounded(node.type.shape) {
      report("\(name) makes \(node.type), which no tensor can have", at: index)
      return
    }
    do throws(GraphError) {
      if let inferred = try node.op.resultType(inputs),
        !node.op.permits(node.type, inferred: inferred, inputs)
      {
        report("\(name) makes \(inferred), not \(node.type)", at: index)
      } else {
        verifyShortValues(node, at: index)
      }
    } catch {
      report(error.message, at: index)
    }
  }

  /// A parameter that is `bf16` is a weight, and whole: it is kept in panels alone.
  ///
  /// - Precondition: The operands fit the op.
  private mutating func verifyShortValues(_ node: Node, at index: Int) {
    if case .parameter = node.op { shortParameters[index] = node.type.shape.elementCount }
    for (place, input) in node.inputs.enumerated() where graph[input].type.dtype == .bf16 {
      let wholeCount = shortParameters[input.index]
      if node.op.pieceStart(in: graph[input].type.shape) != nil {
        shortParameters[index] = wholeCount
        continue
      }
      let isMatrix = graph[input].type.shape.rank == 2
      let isWeight = isMatrix && wholeCount == graph[input].type.shape.elementCount
      if wholeCount != nil && (place != node.op.weightPlace || !isWeight) {
        report("\(OpInfo(node.op).name) cannot read \(input), a \(graph[input].type)", at: index)
      }
    }
  }

  private static func isBounded(_ shape: Shape) -> Bool {
    shape.checkedElementCount.map { $0 <= GraphVerifier.maximumElementCount } ?? false
  }

  private mutating func verifyDeclaration(_ node: Node, at index: Int) {
    let name = OpInfo(node.op).name
    let isWord = node.type.dtype == .f32 || node.type.dtype == .i32
    if !isWord && (node.type.dtype != .bf16 || (node.inputs.isEmpty && !node.op.isParameter)) {
      report("\(name) makes \(node.type); values are f32 or i32", at: index)
    }
    switch node.op {
    case .input(let source):
      if source.isEmpty { report("an input has no name", at: index) }
    case .state(let source):
      if source.isEmpty { report("a state has no name", at: index) }
      if node.type.dtype != .f32 { report("state '\(source)' is not f32", at: index) }
    case .parameter(let parts):
      if parts.isEmpty || parts.contains("") { report("a parameter has no name", at: index) }
      if node.type.dtype == .i32 { report("parameter \(parts) is not f32", at: index) }
    case .constant(let tensor):
      let areIDs = tensor.values.allSatisfy { $0.rounded() == $0 && $0.magnitude < 0x1p24 }
      if tensor.type.dtype == .i32, !areIDs {
        report("an i32 literal holds other than integers below 2^24", at: index)
      }
    case .table, .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce, .gather,
      .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear, .affine,
      .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample,
      .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue:
      break
    }
  }

  mutating func verifySourceNames() {
    var sources: [String: Int] = [:]
    var parameters: [[String]: TensorType] = [:]
    var rows: [String: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      switch node.op {
      case .input(let name), .state(let name):
        if sources.updateValue(index, forKey: name) != nil {
          report("'\(name)' is the name of two inputs or states", at: index)
        }
      case .parameter(let parts):
        if let other = parameters.updateValue(node.type, forKey: parts), other != node.type {
          report("parameter \(parts) is \(other) and \(node.type)", at: index)
        }
        let row = Array(node.type.shape.dimensions.dropFirst())
        for part in parts {
          if let other = rows.updateValue(row, forKey: part), other != row {
            report("parameter '\(part)' has rows of \(Shape(other)) and \(Shape(row))", at: index)
          }
        }
      case .constant, .table, .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce,
        .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear,
        .affine,
        .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample,
        .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
        .reduceProduct, .attentionGradient, .convolutionEpilogue:
        break
      }
    }
  }

  mutating func verifyOutputs() {
    var states: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      if case .state(let name) = node.op { states[name] = index }
    }
    var names: Set<String> = []
    for output in graph.outputs {
      if output.name.isEmpty { report("an output has no name") }
      if !names.insert(output.name).inserted {
        report("'\(output.name)' is the name of two outputs")
      }
      guard graph.nodes.indices.contains(output.value.index) else {
        report("output '\(output.name)' is \(output.value), which no node makes")
        continue
      }
      if graph[output.value].type.dtype == .bf16 { report("output '\(output.name)' is bf16") }
      guard output.isState else { continue }
      guard let state = states.removeValue(forKey: output.name) else {
        report("output '\(output.name)' replaces a state that there is none of")
        continue
      }
      let (before, after) = (graph.nodes[state].type, graph[output.value].type)
      if before != after {
        report("state '\(output.name)' is \(before), its successor \(after)", at: state)
      }
    }
    for (index, node) in graph.nodes.enumerated() {
      if case .state(let name) = node.op, states[name] == index {
        report("state '\(name)' has no successor among the outputs", at: index)
      }
    }
  }

  mutating func verifySteps() {
    var isStepwise: [Bool] = []
    for (index, node) in graph.nodes.enumerated() {
      let readsStepwise = node.inputs.contains { isStepwise[$0.index] }
      switch node.op {
      case .state:
        isStepwise.append(true)
      case .stepRow:
        if readsStepwise { report("step_row reads what differs from step to step", at: index) }
        isStepwise.append(true)
      case .input, .parameter, .constant, .table, .matmul, .unary, .binary, .softmax, .layerNorm,
        .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear,
        .patchLinear,
        .affine, .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution,
        .upsample, .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
        .reduceProduct, .attentionGradient, .convolutionEpilogue:
        isStepwise.append(readsStepwise)
      }
    }
  }
}
