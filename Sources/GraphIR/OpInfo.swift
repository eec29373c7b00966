import Tensors

/// The row of an op in the table of ops: its name in text, its formula and its cost.
package struct OpInfo: Sendable {
  /// The name in the text form.
  package let name: String
  /// The op in algebra; for a fused op, the primitives it equals.
  package let formula: String
  /// Whether passes alone create it.
  package let isFused: Bool

  /// The row of an op.
  package init(_ op: Op) {
    switch op {
    case .input: self.init("input", "what the caller provides")
    case .state: self.init("state", "what the run before left")
    case .parameter: self.init("parameter", "concat(parts, axis 0)")
    case .constant: self.init("constant", "a literal")
    case .table: self.init("table", "a literal made by a formula")
    case .stepRow: self.init("step_row", "table[step]")
    case .matmul: self.init("matmul", "a · b")
    case .unary(let function): self.init(function.rawValue, function.formula)
    case .binary(let function): self.init(function.rawValue, function.formula)
    case .softmax: self.init("softmax", "exp(x - max x) / sum exp(x - max x)")
    case .layerNorm: self.init("layer_norm", "(x - mean x) / sqrt(variance x + epsilon)")
    case .rmsNorm: self.init("rms_norm", "x / sqrt(mean x² + epsilon)")
    case .groupNorm: self.init("group_norm", "layer_norm(x), per group of channels")
    case .convolution: self.init("convolution", "sum x[shifted] * weight + bias")
    case .upsample: self.init("upsample", "x, each element repeated")
    case .reduce(let function, _):
      self.init("reduce_\(function.rawValue)", "\(function.rawValue) x")
    case .gather: self.init("gather", "table[ids]")
    case .reshape: self.init("reshape", "x")
    case .broadcast: self.init("broadcast", "x repeated")
    case .permute: self.init("permute", "x with axes exchanged")
    case .slice: self.init("slice", "x[start ..< start + count]")
    case .concat: self.init("concat", "operands side by side")
    case .linear:
      self.init("linear", "residual + gate * activation(x · weightᵀ + bias)", fused: true)
    case .patchLinear:
      self.init("patch_linear", "linear(reshape(permute(reshape(x))))", fused: true)
    case .affine: self.init("affine", "x * scale + shift", fused: true)
    case .normAffine: self.init("norm_affine", "layer_norm(x) * scale + shift", fused: true)
    case .rmsNormScale: self.init("rms_norm_scale", "rms_norm(x) * scale", fused: true)
    case .groupNormAffine:
      self.init(
        "group_norm_affine", "activation(group_norm(x) * scale + shift)", fused: true)
    case .convolutionEpilogue:
      self.init(
        "convolution_epilogue", "residual + activation(convolution(x, weight, bias))", fused: true)
    case .gatedAdd: self.init("gated_add", "residual + gate * x", fused: true)
    case .softmaxGradient: self.init("softmax_gradient", "(dy - sum(dy * y)) * y")
    case .normGradient(_, let scale, let residual):
      self.init(
        "norm_gradient",
        "residual + (g - mean g - y mean(g * y)) / sqrt(variance x + epsilon), "
          + "y = layer_norm(x), g = dy * scale", fused: scale || residual)
    case .attentionGradient:
      self.init("attention_gradient", "dq, dk, dv of attention, one after the other", fused: true)
    case .reduceProduct: self.init("reduce_product", "sum(a * b)", fused: true)
    case .attention: self.init("attention", "softmax(q kᵀ * scale) v, per head", fused: true)
    case .chain: self.init("chain", "element-wise steps in one loop", fused: true)
    case .cast: self.init("cast", "x, each element rounded to bf16", fused: true)
    }
  }

  private init(_ name: String, _ formula: String, fused: Bool = false) {
    self.name = name
    self.formula = formula
    isFused = fused
  }
}

extension UnaryOp {
  /// The function in algebra.
  package var formula: String {
    switch self {
    case .negate: "-x"
    case .exp: "e^x"
    case .sqrt: "√x"
    case .rsqrt: "1/√x"
    case .sin: "sin x"
    case .cos: "cos x"
    case .tanh: "tanh x"
    case .sigmoid: "1 / (1 + e^-x)"
    case .floor: "⌊x⌋"
    case .step: "x > 0 ? 1 : 0"
    case .relu: "max(x, 0)"
    case .gelu: "x/2 (1 + erf(x/√2))"
    case .geluTanh: "x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))"
    case .geluTanhSlope: "d gelu_tanh(x) / dx"
    case .geluQuick: "x / (1 + e^(-1.702 x))"
    case .silu: "x / (1 + e^-x)"
    }
  }
}

extension BinaryOp {
  /// The function in algebra.
  package var formula: String {
    switch self {
    case .add: "a + b"
    case .subtract: "a - b"
    case .multiply: "a * b"
    case .divide: "a / b"
    case .maximum: "max(a, b)"
    case .minimum: "min(a, b)"
    }
  }
}

extension Graph {
  /// The multiply-accumulates of a node: those of matrix products, convolutions and attention,
  /// else 0.
  package func multiplyAccumulates(of id: ValueID) -> Int {
    let node = self[id]
    let count = node.type.shape.elementCount
    switch node.op {
    case .matmul(let transposeA, _):
      let a = self[node.inputs[0]].type.shape
      return count * (transposeA ? a[-2] : a[-1])
    case .linear, .patchLinear:
      return count * self[node.inputs[1]].type.shape[1]
    case .convolution, .convolutionEpilogue:
      let weight = self[node.inputs[1]].type.shape
      return count * weight[1] * weight[2] * weight[3]
    case .attention:
      let q = self[node.inputs[0]].type.shape
      let keys = node.inputs.count == 1 ? q : self[node.inputs[1]].type.shape
      let queryWidth = node.inputs.count == 1 ? q[2] / 3 : q[2]
      return q[0] * q[1] * keys[1] * (queryWidth + node.type.shape[2])
    case .attentionGradient:
      // Scores and four products more: three as wide as the keys, two as the values.
      let (q, k, v) = (
        self[node.inputs[0]].type.shape, self[node.inputs[1]].type.shape,
        self[node.inputs[2]].type.shape
      )
      return q[0] * q[1] * k[1] * (3 * q[2] + 2 * v[2])
    case .input, .state, .parameter, .constant, .table, .stepRow, .unary, .binary, .softmax,
      .layerNorm, .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .affine,
      .normAffine, .gatedAdd, .chain, .rmsNorm, .groupNorm, .upsample, .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct:
      return 0
    }
  }

  /// The floating-point operations of a node: two per multiply-accumulate, one per element-wise
  /// function and element; moving data counts none.
  package func floatingPointOperations(of id: ValueID) -> Int {
    let node = self[id]
    let count = node.type.shape.elementCount
    let product = 2 * multiplyAccumulates(of: id)
    switch node.op {
    case .input, .state, .parameter, .constant, .table, .stepRow, .gather, .reshape, .broadcast,
      .permute, .slice, .concat, .cast, .upsample:
      return 0
    case .matmul: return product
    case .unary, .binary: return count
    case .softmax: return 4 * count
    case .layerNorm, .groupNorm: return 7 * count
    case .rmsNorm: return 4 * count
    case .reduce: return self[node.inputs[0]].type.shape.elementCount
    case .convolution: return product + (node.inputs.count == 3 ? count : 0)
    case .linear(let epilogue), .patchLinear(_, let epilogue),
      .convolutionEpilogue(_, let epilogue):
      let extra = [epilogue.bias, epilogue.activation != nil, epilogue.gate, epilogue.residual]
      return product + count * extra.count { $0 }
    case .affine, .gatedAdd: return 2 * count
    case .normAffine: return 9 * count
    case .groupNormAffine(_, _, let activation): return (activation == nil ? 9 : 10) * count
    case .rmsNormScale: return 5 * count
    case .softmaxGradient: return 4 * count
    case .normGradient(_, let scale, let residual):
      return (13 + (scale ? 1 : 0) + (residual ? 1 : 0)) * count
    case .reduceProduct: return 2 * self[node.inputs[0]].type.shape.elementCount
    case .attention(let heads, _):
      let q = self[node.inputs[0]].type.shape
      let keys = node.inputs.count == 1 ? q : self[node.inputs[1]].type.shape
      return product + 5 * q[0] * heads * q[1] * keys[1]
    case .attentionGradient(let heads, _):
      let (q, k) = (self[node.inputs[0]].type.shape, self[node.inputs[1]].type.shape)
      return product + 9 * q[0] * heads * q[1] * k[1]
    case .chain(let chain): return count * chain.steps.count
    }
  }
}
