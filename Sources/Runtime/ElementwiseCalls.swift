import CKernels
import GraphIR
import Kernels
import Tensors

extension KernelCallBuilder {
  /// Appends a node that is a line of element-wise steps over its operands.
  mutating func addElementwise(_ id: ValueID, _ steps: [ElementwiseChain.Step]) throws {
    let shape = shape(id)
    try addElementwise(
      steps.map(dth_step.init), extents: shape.dimensions,
      result: (.value(id), shape.strides),
      inputs: graph[id].inputs.map {
        (.value($0), self.shape($0).broadcastStrides(to: shape))
      }, of: id)
  }

  /// Appends steps over strided operands.
  ///
  /// - Throws: `RuntimeError` when they need more axes than the kernel has.
  mutating func addElementwise(
    _ steps: [dth_step], extents: [Int], result: (KernelOperand, strides: [Int]),
    inputs: [(KernelOperand, strides: [Int])], of id: ValueID, endsWithBarrier: Bool = true
  ) throws {
    let layout = StridedLayout(
      extents: extents, strides: [result.strides] + inputs.map(\.strides))
    guard layout.rank <= Int(DTH_MAX_RANK) else {
      throw RuntimeError(
        "\(id) walks \(layout.rank) axes at once; at most \(DTH_MAX_RANK) are possible")
    }
    precondition(inputs.count <= Int(DTH_MAX_INPUTS) && steps.count <= Int(DTH_MAX_STEPS))
    var arguments = dth_elementwise_args()
    arguments.rank = Int32(layout.rank)
    arguments.input_count = Int32(inputs.count)
    arguments.step_count = Int32(steps.count)
    arguments.result_element = element(id)
    setElements(of: &arguments.dims, to: layout.extents.map(Int64.init))
    setElements(of: &arguments.result_strides, to: layout.strides[0].map(Int64.init))
    let rows = layout.strides.dropFirst().map { strides in
      strides.map(Int64.init)
        + [Int64](repeating: 0, count: Int(DTH_MAX_RANK) - strides.count)
    }
    setElements(of: &arguments.input_strides, to: rows.flatMap(\.self))
    setElements(of: &arguments.steps, to: steps)
    append(
      .elementwise(arguments), [result.0] + inputs.map(\.0), endsWithBarrier: endsWithBarrier)
  }

  /// Appends a copy of contiguous elements.
  mutating func addCopy(from source: KernelOperand, to target: KernelOperand, _ count: Int) {
    var arguments = dth_elementwise_args()
    arguments.rank = 1
    arguments.input_count = 1
    arguments.step_count = 1
    setElements(of: &arguments.dims, to: [Int64(count)])
    setElements(of: &arguments.result_strides, to: [Int64(1)])
    setElements(of: &arguments.input_strides, to: [Int64(1)])
    setElements(of: &arguments.steps, to: [dth_step.copy])
    append(.elementwise(arguments), [target, source])
  }
}

extension dth_step {
  /// The first input as it is.
  static var copy: dth_step { dth_step(op: Int32(DTH_COPY.rawValue), lhs: 0, rhs: 0) }

  /// A step of a chain.
  init(_ step: ElementwiseChain.Step) {
    func number(_ operand: ElementwiseChain.Operand) -> Int32 {
      switch operand {
      case .input(let index): Int32(index)
      case .step(let index): -Int32(index) - 1
      }
    }
    switch step {
    case .unary(let function, let operand):
      self.init(op: Int32(function.kernelOp.rawValue), lhs: number(operand), rhs: 0)
    case .binary(let function, let left, let right):
      self.init(
        op: Int32(function.kernelOp.rawValue), lhs: number(left), rhs: number(right))
    }
  }
}

extension UnaryOp {
  /// The function's name in the kernels.
  fileprivate var kernelOp: dth_op {
    switch self {
    case .negate: DTH_NEGATE
    case .exp: DTH_EXP
    case .sqrt: DTH_SQRT
    case .rsqrt: DTH_RSQRT
    case .sin: DTH_SIN
    case .cos: DTH_COS
    case .tanh: DTH_TANH
    case .sigmoid: DTH_SIGMOID
    case .floor: DTH_FLOOR
    case .step: DTH_STEP
    case .relu: DTH_RELU
    case .gelu: DTH_GELU
    case .geluTanh: DTH_GELU_TANH
    case .geluTanhSlope: DTH_GELU_TANH_SLOPE
    case .geluQuick: DTH_GELU_QUICK
    case .silu: DTH_SILU
    }
  }
}

extension BinaryOp {
  /// The function's name in the kernels.
  fileprivate var kernelOp: dth_op {
    switch self {
    case .add: DTH_ADD
    case .subtract: DTH_SUBTRACT
    case .multiply: DTH_MULTIPLY
    case .divide: DTH_DIVIDE
    case .maximum: DTH_MAXIMUM
    case .minimum: DTH_MINIMUM
    }
  }
}
