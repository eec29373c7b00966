import CKernels
import Planning

extension KernelArguments {
  /// The bytes of the struct and of the tables that it points to.
  var byteCount: Int {
    switch self {
    case .linear: MemoryLayout<dth_linear_args>.size
    case .patchLinear(_, _, let rows, let columns):
      alignedByteCount(MemoryLayout<dth_linear_args>.size) + offsetByteCount(rows)
        + offsetByteCount(columns)
    case .pack: MemoryLayout<dth_pack_args>.size
    case .matmul: MemoryLayout<dth_matmul_args>.size
    case .attention: MemoryLayout<dth_attention_args>.size
    case .elementwise: MemoryLayout<dth_elementwise_args>.size
    case .normAffine: MemoryLayout<dth_norm_affine_args>.size
    case .softmax: MemoryLayout<dth_softmax_args>.size
    case .attentionGradient: MemoryLayout<dth_attention_gradient_args>.size
    case .softmaxGradient: MemoryLayout<dth_softmax_gradient_args>.size
    case .normGradient: MemoryLayout<dth_norm_gradient_args>.size
    case .reduce: MemoryLayout<dth_reduce_args>.size
    case .gather: MemoryLayout<dth_gather_args>.size
    case .rmsNorm: MemoryLayout<dth_rms_norm_args>.size
    case .groupNorm: MemoryLayout<dth_group_norm_args>.size
    case .convolution: MemoryLayout<dth_convolution_args>.size
    case .upsample: MemoryLayout<dth_upsample_args>.size
    }
  }

  /// Writes the struct, and the tables behind it, to memory of `byteCount` bytes.
  func store(at address: UnsafeMutableRawPointer) {
    switch self {
    case .linear(let arguments, _): write(arguments, to: address)
    case .patchLinear(var arguments, _, let rows, let columns):
      let rowBase = address + alignedByteCount(MemoryLayout<dth_linear_args>.size)
      let columnBase = rowBase + offsetByteCount(rows)
      arguments.row_offsets = copy(rows, to: rowBase)
      arguments.column_offsets = copy(columns, to: columnBase)
      write(arguments, to: address)
    case .pack(let arguments, _): write(arguments, to: address)
    case .matmul(let arguments, _): write(arguments, to: address)
    case .attention(let arguments, _): write(arguments, to: address)
    case .elementwise(let arguments): write(arguments, to: address)
    case .normAffine(let arguments): write(arguments, to: address)
    case .softmax(let arguments): write(arguments, to: address)
    case .attentionGradient(let arguments): write(arguments, to: address)
    case .softmaxGradient(let arguments): write(arguments, to: address)
    case .normGradient(let arguments): write(arguments, to: address)
    case .reduce(let arguments): write(arguments, to: address)
    case .gather(let arguments): write(arguments, to: address)
    case .rmsNorm(let arguments): write(arguments, to: address)
    case .groupNorm(let arguments): write(arguments, to: address)
    case .convolution(let arguments): write(arguments, to: address)
    case .upsample(let arguments): write(arguments, to: address)
    }
  }

  private func offsetByteCount(_ offsets: [Int32]) -> Int { alignedByteCount(offsets.count * 4) }

  private func write<Arguments: BitwiseCopyable>(
    _ arguments: Arguments, to address: UnsafeMutableRawPointer
  ) {
    address.storeBytes(of: arguments, as: Arguments.self)
  }

  private func copy(
    _ offsets: [Int32], to address: UnsafeMutableRawPointer
  ) -> UnsafePointer<Int32> {
    let target = address.bindMemory(to: Int32.self, capacity: offsets.count)
    target.update(from: offsets, count: offsets.count)
    return UnsafePointer(target)
  }
}
