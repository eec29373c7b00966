import CKernels
import GraphIR
import Planning
import Tensors

extension KernelCallBuilder {
  /// Appends a product with a weight and its epilogue.
  mutating func addLinear(_ id: ValueID, _ epilogue: LinearEpilogue) throws {
    let x = shape(graph[id].inputs[0])
    var arguments = productArguments(id)
    arguments.row_stride = Int64(x[-1])
    try addProduct(id, epilogue, arguments) { .linear($0, $1) }
  }

  /// Appends a product whose rows are patches of an image.
  mutating func addPatchLinear(
    _ id: ValueID, _ view: PatchView, _ epilogue: LinearEpilogue
  ) throws {
    let strides = Shape(view.split).strides
    guard Shape(view.split).elementCount <= Int(Int32.max) else {
      throw RuntimeError("\(id) reads an image of more than \(Int32.max) elements")
    }
    func offsets(_ axes: some Sequence<Int>) -> [Int32] {
      var result: [Int32] = [0]
      for axis in axes {
        result = result.flatMap { base in
          (0..<view.split[axis]).map { base + Int32($0 * strides[axis]) }
        }
      }
      return result
    }
    let rows = offsets(view.order[..<view.rowAxisCount])
    let columns = offsets(view.order[view.rowAxisCount...])
    try addProduct(id, epilogue, productArguments(id)) {
      .patchLinear($0, $1, rowOffsets: rows, columnOffsets: columns)
    }
  }

  /// Appends a `matmul` whose right operand is kept in panels.
  mutating func addPackedMatmul(_ id: ValueID, _ packed: PackedOperand) {
    var arguments = productArguments(id)
    arguments.row_stride = arguments.k
    append(
      .linear(arguments, precision(packed.weight)),
      [
        .value(id), .value(graph[id].inputs[0]), .panels(packed.weight), .absent, .absent, .absent,
      ])
  }

  func productArguments(_ id: ValueID) -> dth_linear_args {
    let shape = shape(id)
    var arguments = dth_linear_args()
    arguments.n = Int64(shape[-1])
    arguments.m = Int64(shape.elementCount / shape[-1])
    arguments.k = Int64(self.shape(graph[id].inputs[1])[1])
    arguments.result_stride = arguments.n
    arguments.activation = DTH_ACTIVATION_NONE
    arguments.gate_rows = 1
    arguments.residual_rows = 1
    arguments.a_element = element(graph[id].inputs[0])
    arguments.result_element = element(id)
    arguments.residual_repeats = 1
    return arguments
  }

  /// The precision of a weight's panels.
  private func precision(_ weight: StoredWeight) -> Precision {
    if case .panels(_, _, let precision) = weight.layout { precision } else { .f32 }
  }

  /// Appends the product, after packing the weight where the graph computes it, and before an
  /// activation that the kernel does not have.
  private mutating func addProduct(
    _ id: ValueID, _ epilogue: LinearEpilogue, _ base: dth_linear_args,
    _ kind: (dth_linear_args, Precision) -> KernelArguments
  ) throws {
    var arguments = base
    var weight = KernelOperand.packing
    var precision = Precision.f32
    let inputs = graph[id].inputs
    if let packed = graph.packedOperand(of: id) {
      weight = .panels(packed.weight)
      precision = self.precision(packed.weight)
    } else {
      let packing = dth_pack_args(
        n: arguments.n, k: arguments.k, transposed: false, element: element(inputs[1]))
      if graph[inputs[1]].type.dtype == .bf16 { precision = .bf16 }
      append(.pack(packing, precision), [.packing, .value(inputs[1])])
    }
    var rest = inputs.dropFirst(2)
    let bias = epilogue.bias ? rest.popFirst() : nil
    let gate = epilogue.gate ? rest.popFirst() : nil
    let residual = epilogue.residual ? rest.popFirst() : nil
    func operand(_ value: ValueID?) -> KernelOperand { value.map { .value($0) } ?? .absent }
    guard epilogue.isSingleKernel else {
      append(
        kind(arguments, precision),
        [.value(id), .value(inputs[0]), weight, operand(bias), .absent, .absent])
      return try addEpilogue(id, epilogue.activation, gate: gate, residual: residual)
    }
    arguments.activation = epilogue.activation.kernelActivation
    if let gate {
      guard let rows = shape(gate).rowGroupCount(in: shape(id)) else {
        throw RuntimeError("\(id) has a gate that does not serve whole runs of rows")
      }
      arguments.gate_rows = Int64(rows)
      arguments.gate_stride = arguments.n
    }
    if let residual {
      arguments.residual_rows = Int64(shape(residual).elementCount) / arguments.n
      arguments.residual_stride = arguments.n
    }
    append(
      kind(arguments, precision),
      [.value(id), .value(inputs[0]), weight, operand(bias), operand(gate), operand(residual)])
  }

  /// Appends `residual + gate * activation(x)` over the stored product.
  private mutating func addEpilogue(
    _ id: ValueID, _ activation: UnaryOp?, gate: ValueID?, residual: ValueID?
  ) throws {
    let shape = shape(id)
    var steps: [ElementwiseChain.Step] = []
    var inputs: [(KernelOperand, strides: [Int])] = [(.value(id), shape.strides)]
    var last = ElementwiseChain.Operand.input(0)
    if let activation {
      steps.append(.unary(activation, last))
      last = .step(0)
    }
    for (value, function) in [(gate, BinaryOp.multiply), (residual, BinaryOp.add)] {
      guard let value else { continue }
      // A residual may have more leading ones than the result has axes.
      let own = Shape(Array(self.shape(value).dimensions.suffix(shape.rank)))
      steps.append(.binary(function, .input(inputs.count), last))
      inputs.append((.value(value), own.broadcastStrides(to: shape)))
      last = .step(steps.count - 1)
    }
    try addElementwise(
      steps.map(dth_step.init), extents: shape.dimensions, result: (.value(id), shape.strides),
      inputs: inputs, of: id)
  }
}

extension UnaryOp? {
  /// The activation's name in the kernels; none for those that are not an epilogue.
  var kernelActivation: dth_activation {
    switch self {
    case .relu: DTH_ACTIVATION_RELU
    case .gelu: DTH_ACTIVATION_GELU
    case .geluTanh: DTH_ACTIVATION_GELU_TANH
    case .geluQuick: DTH_ACTIVATION_GELU_QUICK
    case .silu: DTH_ACTIVATION_SILU
    case .sigmoid: DTH_ACTIVATION_SIGMOID
    case .tanh: DTH_ACTIVATION_TANH
    case nil, .negate, .exp, .sqrt, .rsqrt, .sin, .cos, .floor, .step, .geluTanhSlope:
      DTH_ACTIVATION_NONE
    }
  }
}
