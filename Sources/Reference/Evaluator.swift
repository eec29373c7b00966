import GraphIR
import Tensors

/// Something given to the evaluator that the graph cannot be run with.
package struct EvaluationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong.
  package var message: String
  /// The spec key of the node concerned.
  package var origin: Origin

  /// An error at a node.
  package init(_ message: String, origin: Origin = Origin("")) {
    self.message = message
    self.origin = origin
  }

  /// The message and the spec key.
  package var description: String {
    origin.path.isEmpty ? message : "\(message) (from \(origin))"
  }
}

/// Runs any graph, node by node, in double precision, each op straight from its formula.
///
/// Where a graph holds `bf16` values, it rounds where the kernels do: a value as it is made, and the
/// operands of a product of which one is `bf16`. Kernels may round the probabilities of an
/// attention of `bf16` operands too; the evaluator does not.
///
/// Slow on purpose: it folds constants, shows every value, and is what the tests compare with.
package struct Evaluator: Sendable {
  /// The graph.
  package let graph: Graph

  /// An evaluator of a graph that passes `GraphVerifier`.
  package init(graph: Graph) { self.graph = graph }

  /// What a run is given, in double precision.
  package struct Bindings: Sendable {
    /// Inputs by name.
    package var inputs: [String: ReferenceTensor]
    /// The parts of parameters by name.
    package var parameters: [String: ReferenceTensor]
    /// States by name.
    package var states: [String: ReferenceTensor]
    /// The index of the step, from 0.
    package var step: Int

    /// The values of tensors.
    package init(
      inputs: [String: Tensor] = [:], parameters: [String: Tensor] = [:],
      states: [String: Tensor] = [:], step: Int = 0
    ) {
      self.inputs = inputs.mapValues(ReferenceTensor.init)
      self.parameters = parameters.mapValues(ReferenceTensor.init)
      self.states = states.mapValues(ReferenceTensor.init)
      self.step = step
    }
  }

  /// The outputs of one run by name, states included.
  ///
  /// - Parameters:
  ///   - inputs: Every input of the graph by name; others are ignored.
  ///   - parameters: Every part of every parameter by name; others are ignored.
  ///   - states: Every state by name; others are ignored.
  ///   - step: The row that `step_row` reads.
  /// - Throws: `EvaluationError` for a tensor that is missing or of the wrong shape, an id out of
  ///   range, and a step beyond a table.
  package func evaluate(
    inputs: [String: Tensor] = [:], parameters: [String: Tensor] = [:],
    states: [String: Tensor] = [:], step: Int = 0
  ) throws(EvaluationError) -> [String: Tensor] {
    let bindings = Bindings(inputs: inputs, parameters: parameters, states: states, step: step)
    let values = try evaluate(bindings)
    var results: [String: Tensor] = [:]
    for output in graph.outputs {
      results[output.name] = values[output.name]?.rounded(as: graph[output.value].type)
    }
    return results
  }

  /// Every value of one run, by the index of its `ValueID`; see `evaluate`.
  package func evaluateAll(
    inputs: [String: Tensor] = [:], parameters: [String: Tensor] = [:],
    states: [String: Tensor] = [:], step: Int = 0
  ) throws(EvaluationError) -> [Tensor] {
    let bindings = Bindings(inputs: inputs, parameters: parameters, states: states, step: step)
    var results: [Tensor] = []
    try run(bindings) { id, value, _ in results.append(value.rounded(as: graph[id].type)) }
    return results
  }

  /// The outputs of one run by name, in double precision; values between are freed on their way.
  package func evaluate(
    _ bindings: Bindings
  ) throws(EvaluationError) -> [String: ReferenceTensor] {
    var lastUses = [Int](repeating: -1, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs { lastUses[input.index] = index }
    }
    for output in graph.outputs { lastUses[output.value.index] = graph.nodes.count }
    var results: [String: ReferenceTensor] = [:]
    try run(bindings) { id, value, values in
      for output in graph.outputs where output.value == id { results[output.name] = value }
      for input in graph[id].inputs where lastUses[input.index] == id.index {
        values[input.index] = nil
      }
    }
    return results
  }

  /// The value of a node that depends on nothing but its operands, rounded to its type; nil for
  /// inputs, states, parameters, rows of steps and casts, as no literal is `bf16`.
  ///
  /// - Throws: `EvaluationError` for an id out of range.
  package static func foldedValue(
    of node: Node, operands: [Tensor]
  ) throws(EvaluationError) -> Tensor? {
    switch node.op {
    case .input, .state, .parameter, .stepRow, .cast:
      return nil
    case .constant(let tensor):
      return tensor
    case .table, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce, .gather, .reshape,
      .broadcast, .permute, .slice, .concat, .linear, .patchLinear, .affine, .normAffine,
      .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample, .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
      .convolutionEpilogue:
      return try Self.value(of: node, operands.map(ReferenceTensor.init), Bindings())
        .rounded(as: node.type)
    }
  }

  private func run(
    _ bindings: Bindings,
    _ observe: (ValueID, ReferenceTensor, inout [ReferenceTensor?]) -> Void
  ) throws(EvaluationError) {
    var values = [ReferenceTensor?](repeating: nil, count: graph.nodes.count)
    for id in graph.values {
      let node = graph[id]
      var operands = node.inputs.compactMap { values[$0.index] }
      precondition(operands.count == node.inputs.count, "\(id) reads a value that is not made")
      if node.op.multipliesShort(node.inputs.map({ graph[$0].type })) {
        for place in 0..<2 { operands[place] = operands[place].roundedToBFloat16 }
      }
      var value = try Self.value(of: node, operands, bindings)
      if node.type.dtype == .bf16 { value = value.roundedToBFloat16 }
      precondition(value.shape == node.type.shape, "\(id) is \(value.shape), not \(node.type)")
      values[id.index] = value
      observe(id, value, &values)
    }
  }

  private static func value(
    of node: Node, _ operands: [ReferenceTensor], _ bindings: Bindings
  ) throws(EvaluationError) -> ReferenceTensor {
    func bound(
      _ kind: String, _ name: String, _ tensors: [String: ReferenceTensor]
    ) throws(EvaluationError) -> ReferenceTensor {
      guard let tensor = tensors[name] else {
        throw EvaluationError("\(kind) '\(name)' is not given", origin: node.origin)
      }
      return tensor
    }
    func demandShape(
      _ kind: String, _ name: String, _ tensor: ReferenceTensor
    ) throws(EvaluationError) -> ReferenceTensor {
      guard tensor.shape == node.type.shape else {
        throw EvaluationError(
          "\(kind) '\(name)' is \(tensor.shape), expected \(node.type.shape)", origin: node.origin)
      }
      return tensor
    }
    switch node.op {
    case .input(let name):
      return try demandShape("input", name, bound("input", name, bindings.inputs))
    case .state(let name):
      return try demandShape("state", name, bound("state", name, bindings.states))
    case .parameter(let names):
      var parts: [ReferenceTensor] = []
      for name in names {
        let part = try bound("parameter", name, bindings.parameters)
        guard part.shape.rank == node.type.shape.rank,
          part.shape.dimensions.dropFirst() == node.type.shape.dimensions.dropFirst()
        else {
          throw EvaluationError(
            "parameter '\(name)' is \(part.shape), expected part of \(node.type.shape)",
            origin: node.origin)
        }
        parts.append(part)
      }
      let whole = names.count == 1 ? parts[0] : parts.concatenated(axis: 0)
      return try demandShape("parameter", names.joined(separator: "' and '"), whole)
    case .constant(let tensor):
      return ReferenceTensor(tensor)
    case .table(let table):
      return ReferenceTensor(table.type.shape, table.values)
    case .stepRow:
      guard (0..<operands[0].shape[0]).contains(bindings.step) else {
        throw EvaluationError(
          "step \(bindings.step) is beyond the \(operands[0].shape[0]) rows of a table",
          origin: node.origin)
      }
      return operands[0].slice(axis: 0, start: bindings.step, count: 1).reshaped(node.type.shape)
    case .matmul(let transposeA, let transposeB):
      return matmul(operands[0], operands[1], transposeA: transposeA, transposeB: transposeB)
    case .unary(let function):
      return operands[0].map(function.evaluate)
    case .binary(let function):
      return operands[0].combined(with: operands[1], function.evaluate)
    case .softmax:
      return operands[0].softmax
    case .softmaxGradient:
      return softmaxGradient(operands[0], operands[1])
    case .attentionGradient(let heads, let scale):
      return attentionGradient(operands, heads: heads, scale: scale)
    case .normGradient(let epsilon, let scale, let residual):
      let gradient = scale ? operands[1].combined(with: operands[2], *) : operands[1]
      let value = normGradient(operands[0], gradient, epsilon: epsilon)
      return residual ? operands[operands.count - 1].combined(with: value, +) : value
    case .reduceProduct(let axes):
      return operands[0].combined(with: operands[1], *).reduced(.sum, axes: axes)
    case .layerNorm(let epsilon):
      return operands[0].layerNorm(epsilon: epsilon)
    case .rmsNorm(let epsilon):
      return operands[0].rmsNorm(epsilon: epsilon)
    case .groupNorm(let groups, let epsilon):
      return operands[0].groupNorm(groups: groups, epsilon: epsilon)
    case .convolution(let window):
      let epilogue = LinearEpilogue(bias: operands.count == 3)
      return convolution(operands, window, epilogue, into: node.type.shape)
    case .upsample(let factor):
      return operands[0].upsampled(by: factor)
    case .reduce(let function, let axes):
      return operands[0].reduced(function, axes: axes)
    case .gather:
      return try gather(operands[0], ids: operands[1], origin: node.origin)
    case .reshape:
      return operands[0].reshaped(node.type.shape)
    case .broadcast:
      return operands[0].broadcast(to: node.type.shape)
    case .permute(let axes):
      return operands[0].permuted(axes)
    case .slice(let axis, let start, let count):
      return operands[0].slice(axis: axis, start: start, count: count)
    case .concat(let axis):
      return operands.concatenated(axis: axis)
    case .linear(let epilogue):
      return linear(operands, epilogue, into: node.type.shape)
    case .patchLinear(let view, let epilogue):
      let rows = operands[0].reshaped(Shape(view.split)).permuted(view.order)
        .reshaped(Shape(view.rows + [view.columnCount]))
      return linear([rows] + operands.dropFirst(), epilogue, into: node.type.shape)
    case .cast:
      return operands[0]
    case .affine:
      return affine(operands[0], scale: operands[1], shift: operands[2])
    case .normAffine(let epsilon):
      return affine(
        operands[0].layerNorm(epsilon: epsilon), scale: operands[1], shift: operands[2])
    case .rmsNormScale(let epsilon):
      return operands[0].rmsNorm(epsilon: epsilon).combined(with: operands[1], *)
    case .groupNormAffine(let groups, let epsilon, let activation):
      let perChannel = operands[1...].map { $0.alongChannels(rank: node.type.shape.rank) }
      let value = affine(
        operands[0].groupNorm(groups: groups, epsilon: epsilon), scale: perChannel[0],
        shift: perChannel[1])
      return activation.map { value.map($0.evaluate) } ?? value
    case .convolutionEpilogue(let window, let epilogue):
      return convolution(operands, window, epilogue, into: node.type.shape)
    case .gatedAdd:
      return gatedAdd(operands[0], gate: operands[1], operands[2])
    case .attention(let heads, let scale):
      return attention(operands, heads: heads, scale: scale)
    case .chain(let chain):
      return chainValue(chain, operands, into: node.type.shape)
    }
  }
}
