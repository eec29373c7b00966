import CKernels
import GraphIR
import Tensors

extension KernelCallBuilder {
  /// Appends a softmax over the last axis.
  mutating func addSoftmax(_ id: ValueID) {
    let shape = shape(id)
    var arguments = dth_softmax_args()
    arguments.width = Int64(shape[-1])
    arguments.rows = Int64(shape.elementCount / shape[-1])
    arguments.row_stride = arguments.width
    arguments.result_stride = arguments.width
    append(.softmax(arguments), [.value(id), .value(graph[id].inputs[0])])
  }

  /// Appends the gradient of a softmax over the last axis.
  mutating func addSoftmaxGradient(_ id: ValueID) {
    let shape = shape(id)
    var arguments = dth_softmax_gradient_args()
    arguments.width = Int64(shape[-1])
    arguments.rows = Int64(shape.elementCount / shape[-1])
    arguments.result_element = element(id)
    append(.softmaxGradient(arguments), [.value(id)] + graph[id].inputs.map { .value($0) })
  }

  /// Appends the gradient of a norm over the last axis.
  mutating func addNormGradient(_ id: ValueID, epsilon: Double, scale: Bool, residual: Bool) {
    let inputs = graph[id].inputs
    let shape = shape(id)
    var arguments = dth_norm_gradient_args()
    arguments.width = Int64(shape[-1])
    arguments.rows = Int64(shape.elementCount / shape[-1])
    arguments.epsilon = Float(epsilon)
    arguments.scale_rows = 1
    if scale, let rows = self.shape(inputs[2]).rowGroupCount(in: shape) {
      arguments.scale_rows = Int64(rows)
    }
    append(
      .normGradient(arguments),
      [
        .value(id), .value(inputs[0]), .value(inputs[1]), scale ? .value(inputs[2]) : .absent,
        residual ? .value(inputs[inputs.count - 1]) : .absent,
      ])
  }

  /// Appends a norm over the last axis.
  mutating func addLayerNorm(_ id: ValueID, epsilon: Double) {
    append(
      .normAffine(normArguments(id, epsilon: epsilon)),
      [.value(id), .value(graph[id].inputs[0]), .absent, .absent])
  }

  /// Appends a norm with scale and shift; two calls where either repeats in another way than over
  /// whole runs of rows.
  mutating func addNormAffine(_ id: ValueID, epsilon: Double) throws {
    let inputs = graph[id].inputs
    let shape = shape(id)
    var arguments = normArguments(id, epsilon: epsilon)
    guard let scaleRows = self.shape(inputs[1]).rowGroupCount(in: shape),
      let shiftRows = self.shape(inputs[2]).rowGroupCount(in: shape)
    else {
      addLayerNorm(id, epsilon: epsilon)
      let steps: [ElementwiseChain.Step] = [
        .binary(.multiply, .input(0), .input(1)), .binary(.add, .step(0), .input(2)),
      ]
      try addElementwise(
        steps.map(dth_step.init), extents: shape.dimensions,
        result: (.value(id), shape.strides),
        inputs: [(.value(id), shape.strides)]
          + inputs.dropFirst().map {
            (.value($0), self.shape($0).broadcastStrides(to: shape))
          }, of: id)
      return
    }
    arguments.scale_rows = Int64(scaleRows)
    arguments.scale_stride = arguments.width
    arguments.shift_rows = Int64(shiftRows)
    arguments.shift_stride = arguments.width
    append(.normAffine(arguments), [.value(id)] + inputs.map { .value($0) })
  }

  /// Appends a norm by the root mean square over the last axis.
  mutating func addRMSNorm(_ id: ValueID, epsilon: Double) {
    append(
      .rmsNorm(rmsNormArguments(id, epsilon: epsilon)),
      [.value(id), .value(graph[id].inputs[0]), .absent])
  }

  /// Appends a norm by the root mean square with a scale; two calls where the scale repeats in
  /// another way than over whole runs of rows.
  mutating func addRMSNormScale(_ id: ValueID, epsilon: Double) throws {
    let inputs = graph[id].inputs
    let shape = shape(id)
    guard let scaleRows = self.shape(inputs[1]).rowGroupCount(in: shape) else {
      addRMSNorm(id, epsilon: epsilon)
      let step = ElementwiseChain.Step.binary(.multiply, .input(0), .input(1))
      return try addElementwise(
        [dth_step(step)], extents: shape.dimensions, result: (.value(id), shape.strides),
        inputs: [
          (.value(id), shape.strides),
          (.value(inputs[1]), self.shape(inputs[1]).broadcastStrides(to: shape)),
        ], of: id)
    }
    var arguments = rmsNormArguments(id, epsilon: epsilon)
    arguments.scale_rows = Int64(scaleRows)
    arguments.scale_stride = arguments.width
    append(.rmsNorm(arguments), [.value(id)] + inputs.map { .value($0) })
  }

  private func rmsNormArguments(_ id: ValueID, epsilon: Double) -> dth_rms_norm_args {
    let shape = shape(id)
    var arguments = dth_rms_norm_args()
    arguments.width = Int64(shape[-1])
    arguments.rows = Int64(shape.elementCount / shape[-1])
    arguments.row_stride = arguments.width
    arguments.result_stride = arguments.width
    arguments.epsilon = Float(epsilon)
    arguments.scale_rows = 1
    arguments.result_element = element(id)
    return arguments
  }

  private func normArguments(_ id: ValueID, epsilon: Double) -> dth_norm_affine_args {
    let shape = shape(id)
    var arguments = dth_norm_affine_args()
    arguments.width = Int64(shape[-1])
    arguments.rows = Int64(shape.elementCount / shape[-1])
    arguments.row_stride = arguments.width
    arguments.result_stride = arguments.width
    arguments.epsilon = Float(epsilon)
    arguments.scale_rows = 1
    arguments.shift_rows = 1
    arguments.result_element = element(id)
    return arguments
  }
}
