import GraphIR
import Tensors

/// An operand of a node that is computed for all steps at once.
struct LiftedOperand {
  /// The operand's place in the graph being built.
  var value: ValueID
  /// The operand's dimensions in one step.
  var dimensions: [Int]
  /// Whether `value` has a leading axis of steps.
  var isLifted: Bool
}

extension GraphBuilder {
  /// Appends the node that computes, for all steps at once, what `node` computes in one.
  ///
  /// - Returns: A value `[steps] + ` the node's dimensions.
  /// - Throws: `GraphError` when the node is fused, gathers from a table that changes or convolves
  ///   with kernels that change.
  mutating func lifted(
    _ node: Node, _ operands: [LiftedOperand], stepCount: Int
  ) throws(GraphError) -> ValueID {
    let rank = operands.map(\.dimensions.count).max() ?? 0
    switch node.op {
    case .stepRow: return operands[0].value
    case .unary, .softmax, .layerNorm, .rmsNorm: return try append(node.op, [operands[0].value])
    case .binary, .matmul:
      var values: [ValueID] = []
      for operand in operands { values.append(try aligned(operand, rank: rank, stepCount)) }
      return try append(node.op, values)
    case .reduce(let function, let axes):
      return try append(.reduce(function, axes: axes.map { $0 + 1 }), [operands[0].value])
    case .reshape(let dimensions): return try reshape(operands[0].value, [stepCount] + dimensions)
    case .broadcast(let dimensions):
      let operand = try aligned(operands[0], rank: dimensions.count, stepCount)
      return try append(.broadcast([stepCount] + dimensions), [operand])
    case .permute(let axes): return try permute(operands[0].value, [0] + axes.map { $0 + 1 })
    case .slice(let axis, let start, let count):
      return try slice(operands[0].value, axis: axis + 1, start: start, count: count)
    case .concat(let axis):
      var values: [ValueID] = []
      for operand in operands {
        values.append(
          operand.isLifted
            ? operand.value
            : try append(.broadcast([stepCount] + operand.dimensions), [operand.value]))
      }
      return try concat(values, axis: axis + 1)
    case .groupNorm, .upsample: return try perImage(node, operands, stepCount)
    case .convolution where operands.dropFirst().allSatisfy({ !$0.isLifted }):
      return try perImage(node, operands, stepCount)
    case .gather where !operands[0].isLifted:
      return try append(.gather, operands.map(\.value))
    case .gather, .convolution, .input, .state, .parameter, .constant, .table, .linear,
      .patchLinear, .affine, .normAffine, .gatedAdd, .attention, .chain, .cast,
      .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
      .convolutionEpilogue:
      throw GraphError(
        "\(OpInfo(node.op).name) cannot be computed for all steps at once", origin: node.origin)
    }
  }

  /// A node whose first operand is a batch of images: the steps become more images.
  private mutating func perImage(
    _ node: Node, _ operands: [LiftedOperand], _ stepCount: Int
  ) throws(GraphError) -> ValueID {
    let dimensions = operands[0].dimensions
    let images = try reshape(
      operands[0].value, [stepCount * dimensions[0]] + dimensions.dropFirst())
    let result = try append(node.op, [images] + operands.dropFirst().map(\.value))
    return try reshape(result, [stepCount] + node.type.shape.dimensions)
  }

  /// A lifted operand with axes of extent 1 after the steps, so that its other axes meet those of
  /// operands of the given rank.
  private mutating func aligned(
    _ operand: LiftedOperand, rank: Int, _ stepCount: Int
  ) throws(GraphError) -> ValueID {
    guard operand.isLifted else { return operand.value }
    let padding = [Int](repeating: 1, count: rank - operand.dimensions.count)
    return try reshape(operand.value, [stepCount] + padding + operand.dimensions)
  }
}
