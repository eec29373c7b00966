import CKernels
import GraphIR
import Tensors

extension KernelCallBuilder {
  /// Appends attention over three operands, or over the three parts of one.
  mutating func addAttention(_ id: ValueID, heads: Int, scale: Double) {
    let inputs = graph[id].inputs
    let isPacked = inputs.count == 1
    let q = shape(inputs[0])
    let k = isPacked ? q : shape(inputs[1])
    let v = isPacked ? q : shape(inputs[2])
    let width = isPacked ? q[2] / 3 : q[2]
    let valueWidth = isPacked ? width : v[2]
    var arguments = dth_attention_args()
    arguments.batch = Int64(q[0])
    arguments.heads = Int64(heads)
    arguments.queries = Int64(q[1])
    arguments.keys = Int64(k[1])
    arguments.width = Int64(width / heads)
    arguments.value_width = Int64(valueWidth / heads)
    arguments.scale = Float(scale)
    arguments.q_row_stride = Int64(q[2])
    arguments.q_batch_stride = Int64(q[1] * q[2])
    arguments.k_row_stride = Int64(k[2])
    arguments.k_batch_stride = Int64(k[1] * k[2])
    arguments.v_row_stride = Int64(v[2])
    arguments.v_batch_stride = Int64(v[1] * v[2])
    arguments.result_row_stride = Int64(valueWidth)
    arguments.result_batch_stride = Int64(q[1] * valueWidth)
    arguments.operand_element = element(inputs[0])
    arguments.result_element = element(id)
    let elementByteCount = graph[inputs[0]].type.dtype.byteCount
    let operands: [KernelOperand] =
      isPacked
      ? (0..<3).map { .value(inputs[0], byteOffset: $0 * width * elementByteCount) }
      : inputs.map { .value($0) }
    let precision: Precision = graph[inputs[0]].type.dtype == .bf16 ? .bf16 : .f32
    append(.attention(arguments, precision), [.value(id)] + operands + [.absent, .absent])
  }

  /// Appends the gradient of attention over three operands.
  mutating func addAttentionGradient(_ id: ValueID, heads: Int, scale: Double) {
    let inputs = graph[id].inputs
    let (q, k, v) = (shape(inputs[0]), shape(inputs[1]), shape(inputs[2]))
    var arguments = dth_attention_gradient_args()
    arguments.batch = Int64(q[0])
    arguments.heads = Int64(heads)
    arguments.queries = Int64(q[1])
    arguments.keys = Int64(k[1])
    arguments.width = Int64(q[2] / heads)
    arguments.value_width = Int64(v[2] / heads)
    arguments.scale = Float(scale)
    append(.attentionGradient(arguments), [.value(id)] + inputs.map { .value($0) })
  }
}
