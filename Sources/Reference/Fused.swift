import GraphIR
import Tensors

/// `residual + gate * activation(x · weightᵀ + bias)`; see `LinearEpilogue` for the operands.
func linear(
  _ operands: [ReferenceTensor], _ epilogue: LinearEpilogue, into shape: Shape
) -> ReferenceTensor {
  let (x, weight) = (operands[0], operands[1])
  var rest = operands[2...]
  let bias = epilogue.bias ? rest.removeFirst() : nil
  let gate = epilogue.gate ? rest.removeFirst() : nil
  let residual = epilogue.residual ? rest.removeFirst() : nil
  let (columns, inner) = (weight.shape[0], weight.shape[1])
  let rowCount = shape.elementCount / columns
  let gateRows = gate.flatMap { $0.shape.rowGroupCount(in: shape) } ?? 1
  var result: [Double] = []
  for row in 0..<rowCount {
    for column in 0..<columns {
      var value = 0.0
      for k in 0..<inner {
        value += x.values[row * inner + k] * weight.values[column * inner + k]
      }
      if let bias { value += bias.values[column] }
      if let activation = epilogue.activation { value = activation.evaluate(value) }
      if let gate { value *= gate.values[row / (rowCount / gateRows) * columns + column] }
      if let residual {
        value += residual.values[(row * columns + column) % residual.values.count]
      }
      result.append(value)
    }
  }
  return ReferenceTensor(shape, result)
}

/// `x * scale + shift`.
func affine(
  _ x: ReferenceTensor, scale: ReferenceTensor, shift: ReferenceTensor
) -> ReferenceTensor {
  x.combined(with: scale, *).combined(with: shift, +)
}

/// `residual + gate * x`.
func gatedAdd(
  _ residual: ReferenceTensor, gate: ReferenceTensor, _ x: ReferenceTensor
) -> ReferenceTensor {
  residual.combined(with: gate.combined(with: x, *), +)
}

/// `softmax(q kᵀ · scale) v` per head; `[batch, tokens, heads * width]`.
func attention(
  _ operands: [ReferenceTensor], heads: Int, scale: Double
) -> ReferenceTensor {
  let parts =
    operands.count == 3
    ? operands
    : (0..<3).map { part in
      let width = operands[0].shape[2] / 3
      return operands[0].slice(axis: 2, start: part * width, count: width)
    }
  let perHead = parts.map { $0.splitIntoHeads(heads) }
  let scores = matmul(perHead[0], perHead[1], transposeA: false, transposeB: true)
    .map { $0 * scale }
  let mixed = matmul(scores.softmax, perHead[2], transposeA: false, transposeB: false)
  return mixed.permuted([0, 2, 1, 3])
    .reshaped([parts[0].shape[0], parts[0].shape[1], parts[2].shape[2]])
}

/// The gradients of `attention` by queries, keys and values, one after the other, flat.
func attentionGradient(
  _ operands: [ReferenceTensor], heads: Int, scale: Double
) -> ReferenceTensor {
  let perHead = operands.map { $0.splitIntoHeads(heads) }
  let (q, k, v, dy) = (perHead[0], perHead[1], perHead[2], perHead[3])
  let weights = matmul(q, k, transposeA: false, transposeB: true).map { $0 * scale }.softmax
  let scores = softmaxGradient(weights, matmul(dy, v, transposeA: false, transposeB: true))
    .map { $0 * scale }
  let gradients = [
    matmul(scores, k, transposeA: false, transposeB: false),
    matmul(scores, q, transposeA: true, transposeB: false),
    matmul(weights, dy, transposeA: true, transposeB: false),
  ]
  let values = gradients.flatMap { $0.permuted([0, 2, 1, 3]).values }
  return ReferenceTensor([values.count], values)
}

extension ReferenceTensor {
  /// `[batch, tokens, heads * width]` as `[batch, heads, tokens, width]`.
  fileprivate func splitIntoHeads(_ heads: Int) -> ReferenceTensor {
    reshaped([shape[0], shape[1], heads, shape[2] / heads]).permuted([0, 2, 1, 3])
  }
}

/// The last step of a chain, broadcast to the result's shape.
func chainValue(
  _ chain: ElementwiseChain, _ operands: [ReferenceTensor], into shape: Shape
) -> ReferenceTensor {
  var steps: [ReferenceTensor] = []
  func read(_ operand: ElementwiseChain.Operand) -> ReferenceTensor {
    switch operand {
    case .input(let index): operands[index]
    case .step(let index): steps[index]
    }
  }
  for step in chain.steps {
    switch step {
    case .unary(let function, let x): steps.append(read(x).map(function.evaluate))
    case .binary(let function, let a, let b):
      steps.append(read(a).combined(with: read(b), function.evaluate))
    }
  }
  return steps[steps.count - 1].broadcast(to: shape)
}
