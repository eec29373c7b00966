import CKernels
import GraphIR
import Planning
import Tensors

/// Bytes that a kernel reads or writes, before they have an address.
enum KernelOperand {
  /// Not there.
  case absent
  /// A value, from a byte on.
  case value(ValueID, byteOffset: Int = 0)
  /// A weight packed at load.
  case panels(StoredWeight)
  /// The memory in which a weight computed by the graph is packed for one call.
  case packing
  /// The memory of an output.
  case output(Int)
  /// A buffer of the arena that holds an output for a while.
  case staging(Int)
}

/// What a kernel is told besides its operands.
enum KernelArguments {
  /// A product with a weight in panels of a precision.
  case linear(dth_linear_args, Precision)
  /// A linear whose rows and columns are at offsets.
  case patchLinear(dth_linear_args, Precision, rowOffsets: [Int32], columnOffsets: [Int32])
  /// A weight `[n, k]` to be packed into panels of a precision; of f32 where they are.
  case pack(dth_pack_args, Precision)
  /// A product of matrices in a precision.
  case matmul(dth_matmul_args, Precision)
  /// Attention of operands of a precision.
  case attention(dth_attention_args, Precision)
  case elementwise(dth_elementwise_args)
  case normAffine(dth_norm_affine_args)
  case softmax(dth_softmax_args)
  case softmaxGradient(dth_softmax_gradient_args)
  case attentionGradient(dth_attention_gradient_args)
  case normGradient(dth_norm_gradient_args)
  case reduce(dth_reduce_args)
  case gather(dth_gather_args)
  case rmsNorm(dth_rms_norm_args)
  case groupNorm(dth_group_norm_args)
  case convolution(dth_convolution_args)
  case upsample(dth_upsample_args)
}

/// One call of a kernel: what an instruction is before memory is bound to it.
struct KernelCall {
  var arguments: KernelArguments
  /// The result, then the operands in the kernel's order.
  var operands: [KernelOperand]
  /// Whether the next call must wait until every thread has ended this one.
  var endsWithBarrier = true

  /// The bytes that each thread needs besides.
  var scratchByteCount: Int {
    switch arguments {
    case .linear(var arguments, .f32), .patchLinear(var arguments, .f32, _, _):
      dth_linear_scratch_bytes(&arguments)
    case .linear(var arguments, .bf16), .patchLinear(var arguments, .bf16, _, _):
      dth_linear_bf16_scratch_bytes(&arguments)
    case .pack(var arguments, _): dth_pack_scratch_bytes(&arguments)
    case .matmul(var arguments, .f32): dth_matmul_scratch_bytes(&arguments)
    case .matmul(var arguments, .bf16): dth_matmul_bf16_scratch_bytes(&arguments)
    case .attention(var arguments, .f32): dth_attention_scratch_bytes(&arguments)
    case .attention(var arguments, .bf16): dth_attention_bf16_scratch_bytes(&arguments)
    case .elementwise(var arguments): dth_elementwise_scratch_bytes(&arguments)
    case .normAffine(var arguments): dth_norm_affine_scratch_bytes(&arguments)
    case .softmax(var arguments): dth_softmax_scratch_bytes(&arguments)
    case .attentionGradient(var arguments): dth_attention_gradient_scratch_bytes(&arguments)
    case .softmaxGradient(var arguments): dth_softmax_gradient_scratch_bytes(&arguments)
    case .normGradient(var arguments): dth_norm_gradient_scratch_bytes(&arguments)
    case .reduce(var arguments): dth_reduce_scratch_bytes(&arguments)
    case .gather(var arguments): dth_gather_scratch_bytes(&arguments)
    case .rmsNorm(var arguments): dth_rms_norm_scratch_bytes(&arguments)
    case .groupNorm(var arguments): dth_group_norm_scratch_bytes(&arguments)
    case .convolution(var arguments): dth_convolution_scratch_bytes(&arguments)
    case .upsample(var arguments): dth_upsample_scratch_bytes(&arguments)
    }
  }

  /// The bytes of the packing memory that the call writes.
  var packingByteCount: Int {
    switch arguments {
    case .pack(let arguments, .f32): dth_packed_weight_count(arguments.n, arguments.k) * 4
    case .pack(let arguments, .bf16): dth_packed_weight_bf16_count(arguments.n, arguments.k) * 2
    default: 0
    }
  }

  /// The kernel in a row of the dispatch table.
  func kernel(of row: dth_kernel_row) -> dth_kernel {
    switch arguments {
    case .linear(_, .f32), .patchLinear(_, .f32, _, _): row.linear
    case .linear(_, .bf16), .patchLinear(_, .bf16, _, _): row.linear_bf16
    case .pack(_, .f32): row.pack
    case .pack(_, .bf16): row.pack_bf16
    case .matmul(_, .f32): row.matmul
    case .matmul(_, .bf16): row.matmul_bf16
    case .attention(_, .f32): row.attention
    case .attention(_, .bf16): row.attention_bf16
    case .elementwise: row.elementwise
    case .normAffine: row.norm_affine
    case .softmax: row.softmax
    case .softmaxGradient: row.softmax_gradient
    case .attentionGradient: row.attention_gradient
    case .normGradient: row.norm_gradient
    case .reduce: row.reduce
    case .gather: row.gather
    case .rmsNorm: row.rms_norm
    case .groupNorm: row.group_norm
    case .convolution: row.convolution
    case .upsample: row.upsample
    }
  }
}
