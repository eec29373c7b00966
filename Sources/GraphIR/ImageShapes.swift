import Tensors

/// The rules of the ops over images.
extension Op {
  /// The largest stride, padding or factor.
  private static let maximumExtent = 0xFFFF

  func groupNormType(
    _ groups: Int, _ inputs: [TensorType]
  ) throws(GraphError) -> TensorType {
    let shape = inputs[0].shape
    guard shape.rank >= 2 else { throw misfit(inputs, "takes [batch, channels, ...]") }
    guard groups >= 1, shape[1] % groups == 0 else {
      throw misfit(inputs, "\(groups) groups do not divide \(shape[1]) channels")
    }
    return inputs[0]
  }

  func upsampleType(_ factor: Int, _ inputs: [TensorType]) throws(GraphError) -> TensorType {
    let shape = inputs[0].shape
    guard shape.rank == 4 else { throw misfit(inputs, "takes [batch, channels, height, width]") }
    guard (1...Self.maximumExtent).contains(factor) else {
      throw misfit(inputs, "the factor \(factor) is out of range")
    }
    return .f32([shape[0], shape[1], shape[2] * factor, shape[3] * factor])
  }

  func convolutionType(
    _ convolution: Convolution, _ epilogue: LinearEpilogue, _ inputs: [TensorType]
  ) throws(GraphError) -> TensorType {
    func demand(_ condition: Bool, _ rule: String) throws(GraphError) {
      if !condition { throw misfit(inputs, rule) }
    }
    let (x, weight) = (inputs[0].shape, inputs[1].shape)
    let (stride, padding) = (convolution.stride, convolution.padding)
    try demand(x.rank == 4 && weight.rank == 4, "takes images and kernels of four axes")
    try demand(x[1] == weight[1], "\(x[1]) and \(weight[1]) channels differ")
    try demand(
      stride.count == 2 && stride.allSatisfy { (1...Self.maximumExtent).contains($0) },
      "the stride \(stride) is out of range")
    try demand(
      padding.count == 4 && padding.allSatisfy { (0...Self.maximumExtent).contains($0) },
      "the padding \(padding) is out of range")
    let padded = [x[2] + padding[0] + padding[1], x[3] + padding[2] + padding[3]]
    try demand(
      weight[2] >= 1 && weight[3] >= 1 && weight[2] <= padded[0] && weight[3] <= padded[1],
      "the kernel does not fit into the padded image")
    let result = Shape([
      x[0], weight[0], (padded[0] - weight[2]) / stride[0] + 1,
      (padded[1] - weight[3]) / stride[1] + 1,
    ])
    try demand(!epilogue.gate, "takes no gate")
    try demand(epilogue.activation?.isActivation ?? true, "the function is no activation")
    var operands = inputs.dropFirst(2).map(\.shape)[...]
    if epilogue.bias, let bias = operands.popFirst() {
      try demand(bias == [weight[0]], "the bias must be [\(weight[0])]")
    }
    if epilogue.residual, let residual = operands.popFirst() {
      try demand(residual == result, "the residual must be \(result)")
    }
    return TensorType(.f32, result)
  }
}

extension Op {
  /// Whether the op convolves images with kernels `[o, i, kh, kw]`, its second operand.
  package var isConvolution: Bool {
    switch self {
    case .convolution, .convolutionEpilogue: true
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .unary, .binary,
      .softmax, .layerNorm, .rmsNorm, .groupNorm, .upsample, .reduce, .gather, .reshape, .broadcast,
      .permute, .slice, .concat, .cast, .linear, .patchLinear, .affine, .normAffine, .rmsNormScale,
      .groupNormAffine, .gatedAdd, .attention, .chain, .softmaxGradient,
      .normGradient, .reduceProduct, .attentionGradient:
      false
    }
  }
}

extension UnaryOp {
  /// Whether networks use the function as an activation; kernels apply these before they store.
  package var isActivation: Bool {
    switch self {
    case .relu, .gelu, .geluTanh, .geluQuick, .silu, .sigmoid, .tanh: true
    case .negate, .exp, .sqrt, .rsqrt, .sin, .cos, .floor, .step, .geluTanhSlope: false
    }
  }
}
