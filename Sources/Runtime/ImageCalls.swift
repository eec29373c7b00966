import CKernels
import GraphIR
import Planning
import Tensors

extension KernelCallBuilder {
  /// Appends a norm per group of channels, with scale and shift where there are three operands.
  mutating func addGroupNorm(
    _ id: ValueID, groups: Int, epsilon: Double, activation: UnaryOp?
  ) {
    let shape = shape(id)
    let inputs = graph[id].inputs
    var arguments = dth_group_norm_args()
    arguments.batch = Int64(shape[0])
    arguments.channels = Int64(shape[1])
    arguments.pixels = Int64(shape.elementCount / (shape[0] * shape[1]))
    arguments.groups = Int64(groups)
    arguments.epsilon = Float(epsilon)
    arguments.activation = activation.kernelActivation
    let vectors: [KernelOperand] =
      inputs.count == 3 ? inputs.dropFirst().map { .value($0) } : [.absent, .absent]
    append(.groupNorm(arguments), [.value(id), .value(inputs[0])] + vectors)
  }

  /// Appends a convolution and its epilogue, after packing the weight where the graph computes it.
  mutating func addConvolution(
    _ id: ValueID, _ window: Convolution, _ epilogue: LinearEpilogue
  ) {
    let inputs = graph[id].inputs
    let (x, kernels, result) = (shape(inputs[0]), shape(inputs[1]), shape(id))
    var weight = KernelOperand.packing
    if let packed = graph.packedOperand(of: id) {
      weight = .panels(packed.weight)
    } else {
      let packing = dth_pack_args(
        n: Int64(kernels[0]), k: Int64(kernels.elementCount / kernels[0]), transposed: false,
        element: DTH_F32)
      append(.pack(packing, .f32), [.packing, .value(inputs[1])])
    }
    var arguments = dth_convolution_args()
    arguments.batch = Int64(x[0])
    arguments.channels = Int64(x[1])
    arguments.height = Int64(x[2])
    arguments.width = Int64(x[3])
    arguments.out_channels = Int64(result[1])
    arguments.out_height = Int64(result[2])
    arguments.out_width = Int64(result[3])
    arguments.kernel_height = Int64(kernels[2])
    arguments.kernel_width = Int64(kernels[3])
    arguments.stride_y = Int64(window.stride[0])
    arguments.stride_x = Int64(window.stride[1])
    arguments.padding_top = Int64(window.padding[0])
    arguments.padding_left = Int64(window.padding[2])
    arguments.activation = epilogue.activation.kernelActivation
    var rest = inputs.dropFirst(2)
    let bias = epilogue.bias ? rest.popFirst() : nil
    let residual = epilogue.residual ? rest.popFirst() : nil
    func operand(_ value: ValueID?) -> KernelOperand { value.map { .value($0) } ?? .absent }
    append(
      .convolution(arguments),
      [.value(id), .value(inputs[0]), weight, operand(bias), operand(residual)])
  }

  /// Appends the repetition of the elements of images.
  mutating func addUpsample(_ id: ValueID, factor: Int) {
    let x = shape(graph[id].inputs[0])
    var arguments = dth_upsample_args()
    arguments.planes = Int64(x[0] * x[1])
    arguments.height = Int64(x[2])
    arguments.width = Int64(x[3])
    arguments.factor_y = Int64(factor)
    arguments.factor_x = Int64(factor)
    append(.upsample(arguments), [.value(id), .value(graph[id].inputs[0])])
  }
}
