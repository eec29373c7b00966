import GraphIR
import Tensors

extension Cotangents {
  /// What a node adds to the cotangent of one of its operands: one rule per primitive op, and one
  /// for attention.
  ///
  /// - Parameters:
  ///   - place: The place of the operand.
  ///   - node: The node, whose value is `y`.
  ///   - cotangent: The derivative of the loss by `y`, of its shape.
  /// - Returns: A value of the operand's shape; nil where the derivative is zero everywhere, and for
  ///   a slice, which leaves a piece.
  /// - Throws: `GraphError` for an op without a rule.
  mutating func contribution(
    to place: Int, of node: Node, _ y: ValueID, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID? {
    let operand = node.inputs[place]
    let shape = builder.shape(operand)
    switch node.op {
    case .input, .state, .parameter, .constant, .table:
      return nil
    case .matmul(let transposeA, let transposeB):
      let product = try product(
        place, node.inputs, transposeA: transposeA, transposeB: transposeB, cotangent)
      return try builder.sum(product, to: shape)
    case .unary(let function):
      return try unary(function, operand, y, cotangent)
    case .binary(let function):
      let full = try binary(function, place, node.inputs[0], node.inputs[1], y, cotangent)
      return try builder.sum(full, to: shape)
    case .softmax:
      return try builder.append(.softmaxGradient, [y, cotangent])
    case .layerNorm(let epsilon):
      return try builder.append(
        .normGradient(epsilon: epsilon, scale: false, residual: false), [operand, cotangent])
    case .attention(let heads, let scale):
      return try attention(node, to: place, heads: heads, scale: scale, cotangent)
    case .softmaxGradient, .normGradient, .attentionGradient:
      throw refusal(node, "it is a derivative itself")
    case .rmsNorm(let epsilon):
      return try rmsNorm(operand, epsilon: epsilon, y, cotangent)
    case .groupNorm(let groups, let epsilon):
      return try groupNorm(operand, groups: groups, epsilon: epsilon, cotangent)
    case .convolution(let window):
      return try convolution(window, to: place, node.inputs, cotangent)
    case .upsample(let factor):
      return try upsample(factor, shape, cotangent)
    case .reduce(.max, _):
      throw refusal(node, "its derivative at equal elements is not defined")
    case .reduce(let function, let axes):
      return try reduce(function, axes: axes, shape, cotangent)
    case .gather:
      return try gather(node, cotangent)
    case .reshape:
      return try builder.reshape(cotangent, shape.dimensions)
    case .broadcast:
      return try builder.sum(cotangent, to: shape)
    case .permute(let axes):
      var inverse = axes
      for (axis, source) in axes.enumerated() { inverse[source] = axis }
      return try builder.permute(cotangent, inverse)
    case .slice(let axis, let start, let count):
      pieces[operand.index].append(
        CotangentPiece(axis: axis, start: start, count: count, value: cotangent))
      return nil
    case .concat(let axis):
      let start = node.inputs[..<place].reduce(0) { $0 + builder.shape($1)[axis] }
      return try builder.slice(cotangent, axis: axis, start: start, count: shape[axis])
    case .stepRow:
      throw refusal(node, "rows of steps are no parameters")
    case .linear, .patchLinear, .affine, .normAffine, .gatedAdd, .chain,
      .cast, .rmsNormScale, .groupNormAffine, .reduceProduct,
      .convolutionEpilogue:
      throw refusal(node, "differentiate before passes")
    }
  }

  private func refusal(_ node: Node, _ reason: String) -> GraphError {
    GraphError("\(OpInfo(node.op).name) has no derivative here: \(reason)", origin: node.origin)
  }

  /// `dA = dC Bᵀ` and `dB = Aᵀ dC`, with the transpositions of `C = A B` carried over.
  private mutating func product(
    _ place: Int, _ operands: [ValueID], transposeA: Bool, transposeB: Bool,
    _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let (a, b) = (operands[0], operands[1])
    if place == 0 {
      return transposeA
        ? try builder.matmul(b, cotangent, transposeA: transposeB, transposeB: true)
        : try builder.matmul(cotangent, b, transposeB: !transposeB)
    }
    var (left, right) = (a, cotangent)
    if builder.shape(b).rank == 2, !transposeA {
      // One product over all rows instead of one per leading index and a sum.
      let (k, n) = (builder.shape(a)[-1], builder.shape(cotangent)[-1])
      left = try builder.reshape(a, [builder.shape(a).elementCount / k, k])
      right = try builder.reshape(cotangent, [builder.shape(cotangent).elementCount / n, n])
    }
    return transposeB
      ? try builder.matmul(right, left, transposeA: true, transposeB: transposeA)
      : try builder.matmul(left, right, transposeA: !transposeA)
  }

  /// The part of the gradient of attention that belongs to queries, keys or values.
  ///
  /// - Source: Dao et al., FlashAttention (arXiv 2205.14135), appendix B.2.
  private mutating func attention(
    _ node: Node, to place: Int, heads: Int, scale: Double, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    guard node.inputs.count == 3 else { throw refusal(node, "its operands lie in one") }
    let all = try builder.append(
      .attentionGradient(heads: heads, scale: scale), node.inputs + [cotangent])
    let counts = node.inputs.map { builder.shape($0).elementCount }
    let part = try builder.slice(
      all, axis: 0, start: counts[..<place].reduce(0, +), count: counts[place])
    return try builder.reshape(part, builder.shape(node.inputs[place]).dimensions)
  }

  /// The cotangent of a sum or a mean, repeated along the axes that it took.
  private mutating func reduce(
    _ function: ReduceOp, axes: [Int], _ shape: Shape, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    var kept = shape.dimensions
    for axis in axes { kept[axis] = 1 }
    var value = try builder.reshape(cotangent, kept)
    if function == .mean {
      let count = axes.reduce(1) { $0 * shape[$1] }
      value = try builder.multiply(value, by: 1 / Double(count))
    }
    return kept == shape.dimensions
      ? value : try builder.append(.broadcast(shape.dimensions), [value])
  }

  /// `oneHot(ids)ᵀ dy`; the one-hot rows are gathered from the identity matrix.
  private mutating func gather(
    _ node: Node, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let (rows, width) = (builder.shape(node.inputs[0])[0], builder.shape(node.inputs[0])[1])
    guard rows <= Self.maximumTableRowCount else {
      throw refusal(
        node, "its table has \(rows) rows, over the limit of \(Self.maximumTableRowCount)")
    }
    let identity = (0..<(rows * rows)).map { $0 % (rows + 1) == 0 ? Float(1) : 0 }
    let oneHot = try builder.append(
      .gather, [builder.constant(Tensor([rows, rows], identity)), node.inputs[1]])
    let count = builder.shape(node.inputs[1]).elementCount
    return try builder.matmul(
      builder.reshape(oneHot, [count, rows]), builder.reshape(cotangent, [count, width]),
      transposeA: true)
  }
}
