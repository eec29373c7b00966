import Tensors

// Values of 16 bits: what may be one, and who may read one. `GraphVerifier` holds graphs to it.

extension Op {
  /// Whether a node of the op may have a type: the inferred one, or the same in `bf16` where the
  /// kernel of the op rounds its result to that.
  ///
  /// - Parameters:
  ///   - type: The type asked about.
  ///   - inferred: What `resultType` makes of the operands.
  ///   - inputs: The operands' types.
  package func permits(
    _ type: TensorType, inferred: TensorType, _ inputs: [TensorType]
  ) -> Bool {
    type == inferred
      || (type == TensorType(.bf16, inferred.shape) && inferred.dtype == .f32
        && roundsResult(inputs, into: inferred.shape))
  }

  /// Whether the kernel of the op can round its result to `bf16` as it stores it.
  ///
  /// That is so for products with a `bf16` weight, attention of `bf16` operands, norms, and what is
  /// computed element by element or moved, where one kernel does all of the op.
  package func roundsResult(_ inputs: [TensorType], into shape: Shape) -> Bool {
    switch self {
    case .linear(let epilogue), .patchLinear(_, let epilogue):
      inputs[1].dtype == .bf16 && epilogue.isSingleKernel
    case .attention:
      inputs.allSatisfy { $0.dtype == .bf16 }
    case .layerNorm, .rmsNorm, .unary, .binary, .affine, .gatedAdd, .chain, .softmaxGradient:
      true
    case .broadcast, .permute, .slice:
      pieceStart(in: inputs[0].shape) == nil
    case .normAffine, .rmsNormScale:
      inputs.dropFirst().allSatisfy { $0.shape.rowGroupCount(in: shape) != nil }
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .softmax, .reduce,
      .gather, .reshape, .concat, .cast, .groupNorm, .convolution, .upsample, .groupNormAffine,
      .normGradient, .reduceProduct, .attentionGradient, .convolutionEpilogue:
      false
    }
  }

  /// The rule that the operands' element types break; nil where they fit.
  func elementTypeRule(_ inputs: [TensorType]) -> String? {
    switch self {
    case .gather:
      return nil
    case .reshape, .broadcast, .permute, .slice:
      return inputs.allSatisfy({ $0.dtype == .f32 || $0.dtype == .bf16 })
        ? nil : "takes f32 operands"
    case .attention:
      let isShort = inputs.allSatisfy { $0.dtype == .bf16 }
      return isShort || inputs.allSatisfy({ $0.dtype == .f32 })
        ? nil : "takes operands that are all f32 or all bf16"
    case .matmul:
      return inputs.allSatisfy({ $0.dtype == .f32 || $0.dtype == .bf16 })
        ? nil : "takes f32 operands"
    case .linear, .patchLinear:
      guard inputs.count > 1, inputs[1].dtype == .bf16 else { break }
      let isFitting = inputs.indices.allSatisfy {
        $0 == 1 || inputs[$0].dtype == .f32 || (inputs[$0].dtype == .bf16 && readsShort(at: $0))
      }
      return isFitting ? nil : "takes f32 operands beside its weight"
    case .input, .state, .parameter, .constant, .table, .stepRow, .unary, .binary,
      .softmax, .layerNorm, .reduce, .concat, .cast, .affine, .normAffine, .gatedAdd, .chain,
      .rmsNorm,
      .groupNorm, .convolution, .upsample, .rmsNormScale, .groupNormAffine, .softmaxGradient,
      .normGradient, .reduceProduct, .attentionGradient, .convolutionEpilogue:
      break
    }
    return inputs.allSatisfy({ $0.dtype == .f32 }) ? nil : "takes f32 operands"
  }

  /// Whether a node of the op multiplies matrices in `bf16`: its first two operands are then both
  /// rounded before they are multiplied, and their products are summed in `f32`.
  ///
  /// That is so for a `linear` with a `bf16` weight, and a `matmul` of which either operand is
  /// `bf16`.
  package func multipliesShort(_ inputs: [TensorType]) -> Bool {
    if case .matmul = self { return inputs.contains { $0.dtype == .bf16 } }
    return weightPlace.map { inputs[$0].dtype == .bf16 } ?? false
  }

  /// The place of the operand that is a weight `[n, k]` of a product `x · weightᵀ`; nil for ops
  /// without one.
  package var weightPlace: Int? {
    switch self {
    case .linear, .patchLinear, .matmul(transposeA: false, transposeB: true):
      1
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .unary, .binary,
      .softmax, .layerNorm, .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat,
      .cast,
      .affine, .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution,
      .upsample, .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue:
      nil
    }
  }

  /// Whether the kernel of the op can read an operand beside its weight in `bf16`, when its weight
  /// is `bf16` or all operands of an attention are.
  package func readsShort(at place: Int) -> Bool {
    switch self {
    case .linear: place == 0
    case .attention, .matmul: true
    case .input, .state, .parameter, .constant, .table, .stepRow, .unary, .binary,
      .softmax, .layerNorm, .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat,
      .cast,
      .patchLinear, .affine, .normAffine, .gatedAdd, .chain, .rmsNorm, .groupNorm, .convolution,
      .upsample, .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue:
      false
    }
  }

  /// Where the result starts in its first operand, in elements, when it is a piece of it whose
  /// elements neither move nor repeat; nil when it is not.
  package func pieceStart(in source: Shape) -> Int? {
    switch self {
    case .reshape:
      return 0
    case .broadcast(let dimensions):
      return source.elementCount == Shape(dimensions).elementCount ? 0 : nil
    case .permute(let axes):
      let moving = axes.filter { source[$0] != 1 }
      return moving == moving.sorted() ? 0 : nil
    case .slice(let axis, let start, let count):
      if count == source[axis] { return 0 }
      guard source.dimensions[..<axis].allSatisfy({ $0 == 1 }) else { return nil }
      return start * source.strides[axis]
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .unary, .binary,
      .softmax, .layerNorm, .reduce, .gather, .concat, .cast, .linear, .patchLinear, .affine,
      .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample,
      .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue:
      return nil
    }
  }
}

extension Op {
  /// Whether the op is a parameter.
  var isParameter: Bool {
    if case .parameter = self { true } else { false }
  }
}

extension LinearEpilogue {
  /// Whether one kernel computes product and epilogue; otherwise the product is stored first.
  package var isSingleKernel: Bool { activation?.isActivation ?? true }
}
