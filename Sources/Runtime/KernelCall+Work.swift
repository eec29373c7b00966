import CKernels
import Tensors

extension KernelCall {
  /// What the call does.
  var work: KernelWork {
    switch arguments {
    case .linear(let arguments, let precision):
      linearWork(arguments, precision, readsPatches: false)
    case .patchLinear(let arguments, let precision, _, _):
      linearWork(arguments, precision, readsPatches: true)
    case .pack(let arguments, let precision):
      .pack(n: Int(arguments.n), k: Int(arguments.k), precision)
    case .matmul(let arguments, let precision):
      .matmul(
        entries: Int(
          arguments.batch.0 * arguments.batch.1 * arguments.batch.2 * arguments.batch.3),
        m: Int(arguments.m), n: Int(arguments.n), k: Int(arguments.k), precision)
    case .attention(let arguments, let precision):
      .attention(
        KernelWork.Attention(
          heads: Int(arguments.batch * arguments.heads), queries: Int(arguments.queries),
          keys: Int(arguments.keys), width: Int(arguments.width),
          valueWidth: Int(arguments.value_width), precision))
    case .elementwise(let arguments): .elementwise(KernelWork.Elementwise(arguments))
    case .normAffine(let arguments):
      .norm(rows: Int(arguments.rows), width: Int(arguments.width))
    case .rmsNorm(let arguments):
      .norm(rows: Int(arguments.rows), width: Int(arguments.width))
    case .normGradient(let arguments):
      .norm(rows: Int(arguments.rows), width: Int(arguments.width))
    case .attentionGradient(let arguments):
      .attentionGradient(
        KernelWork.Attention(
          heads: Int(arguments.batch * arguments.heads), queries: Int(arguments.queries),
          keys: Int(arguments.keys), width: Int(arguments.width),
          valueWidth: Int(arguments.value_width), .f32))
    case .softmaxGradient(let arguments):
      .softmax(rows: Int(arguments.rows), width: Int(arguments.width))
    case .groupNorm(let arguments):
      .norm(
        rows: Int(arguments.batch * arguments.groups),
        width: Int(arguments.channels / arguments.groups * arguments.pixels))
    case .convolution(let arguments): .convolution(asProduct(arguments))
    case .upsample(let arguments):
      .upsample(
        elements: Int(
          arguments.planes * arguments.height * arguments.width * arguments.factor_y
            * arguments.factor_x))
    case .softmax(let arguments):
      .softmax(rows: Int(arguments.rows), width: Int(arguments.width))
    case .reduce(let arguments):
      .reduce(
        elements: product(arguments.kept_dims, arguments.kept_rank)
          * product(arguments.reduced_dims, arguments.reduced_rank))
    case .gather(let arguments):
      .gather(rows: Int(arguments.count), width: Int(arguments.width))
    }
  }

  private func linearWork(
    _ arguments: dth_linear_args, _ precision: Precision, readsPatches: Bool
  ) -> KernelWork {
    .linear(
      KernelWork.Linear(
        m: Int(arguments.m), n: Int(arguments.n), k: Int(arguments.k), precision,
        activation: KernelWork.Activation(arguments.activation),
        epilogueOperandCount: operands.suffix(2).count { $0.isPresent },
        readsPatches: readsPatches))
  }
}

extension KernelCall {
  /// A convolution as a product of the pixels of its result and its kernels.
  private func asProduct(_ arguments: dth_convolution_args) -> KernelWork.Linear {
    KernelWork.Linear(
      m: Int(arguments.batch * arguments.out_height * arguments.out_width),
      n: Int(arguments.out_channels),
      k: Int(arguments.channels * arguments.kernel_height * arguments.kernel_width),
      activation: KernelWork.Activation(arguments.activation),
      epilogueOperandCount: operands.suffix(1).count { $0.isPresent })
  }
}

extension KernelOperand {
  fileprivate var isPresent: Bool { if case .absent = self { false } else { true } }
}

extension KernelWork.Activation {
  init(_ activation: dth_activation) {
    switch activation {
    case DTH_ACTIVATION_RELU: self = .relu
    case DTH_ACTIVATION_GELU: self = .gelu
    case DTH_ACTIVATION_GELU_TANH: self = .geluTanh
    case DTH_ACTIVATION_SILU: self = .silu
    case DTH_ACTIVATION_SIGMOID: self = .sigmoid
    case DTH_ACTIVATION_TANH: self = .tanh
    case DTH_ACTIVATION_GELU_QUICK: self = .geluQuick
    default: self = .none
    }
  }

  /// The activation in the kernels.
  var kernelActivation: dth_activation {
    switch self {
    case .none: DTH_ACTIVATION_NONE
    case .relu: DTH_ACTIVATION_RELU
    case .gelu: DTH_ACTIVATION_GELU
    case .geluTanh: DTH_ACTIVATION_GELU_TANH
    case .silu: DTH_ACTIVATION_SILU
    case .sigmoid: DTH_ACTIVATION_SIGMOID
    case .tanh: DTH_ACTIVATION_TANH
    case .geluQuick: DTH_ACTIVATION_GELU_QUICK
    }
  }
}

extension KernelWork.Elementwise {
  init(_ arguments: dth_elementwise_args) {
    let rank = Int(arguments.rank)
    let most = Int(DTH_MAX_RANK)
    let extents: [Int64] = prefix(of: arguments.dims, rank)
    let result: [Int64] = prefix(of: arguments.result_strides, rank)
    let inputs: [Int64] = prefix(of: arguments.input_strides, Int(arguments.input_count) * most)
    let operands =
      [result[...]] + (0..<Int(arguments.input_count)).map { inputs[($0 * most)...].prefix(rank) }
    var contiguous = [Int64](repeating: 1, count: rank)
    for axis in (0..<max(rank - 1, 0)).reversed() {
      contiguous[axis] = contiguous[axis + 1] * extents[axis + 1]
    }
    self.init(
      elements: Int(extents.reduce(1, *)),
      stridedOperands: operands.count { strides in
        zip(zip(strides, contiguous), extents).contains { $1 != 1 && $0.0 != $0.1 }
      })
    let steps: [dth_step] = prefix(of: arguments.steps, Int(arguments.step_count))
    for step in steps {
      switch dth_op(UInt32(step.op)) {
      case DTH_SIN, DTH_COS: scalarSteps += 1
      case DTH_EXP, DTH_SQRT, DTH_RSQRT, DTH_TANH, DTH_SIGMOID, DTH_GELU, DTH_GELU_TANH,
        DTH_GELU_TANH_SLOPE, DTH_GELU_QUICK, DTH_SILU,
        DTH_DIVIDE:
        heavySteps += 1
      default: lightSteps += 1
      }
    }
  }
}

/// The first elements of a C array, which Swift sees as a tuple.
private func prefix<Elements, Element>(of elements: Elements, _ count: Int) -> [Element] {
  withUnsafeBytes(of: elements) { Array($0.bindMemory(to: Element.self).prefix(count)) }
}

/// The product of the first extents.
private func product<Extents>(_ extents: Extents, _ rank: Int32) -> Int {
  let values: [Int64] = prefix(of: extents, Int(rank))
  return values.reduce(1) { $0 * Int($1) }
}
