import CKernels
import Kernels
import Planning
import Tensors

/// A call of a kernel on memory without meaning, to be timed.
struct KernelProbe {
  /// What the kernel is told.
  var arguments: KernelArguments
  /// Result first.
  var operands: [UnsafeMutableRawPointer?]
  /// An operand that is another piece of memory in every call, and the bytes of a piece.
  var moving: (operand: Int, byteCount: Int)?

  /// The kernel in a row of the dispatch table.
  func kernel(of row: dth_kernel_row) -> dth_kernel {
    KernelCall(arguments: arguments, operands: []).kernel(of: row)
  }

  /// The bytes that each thread needs besides.
  var scratchByteCount: Int { KernelCall(arguments: arguments, operands: []).scratchByteCount }
}

/// Memory that probes read and write.
struct ProbeMemory {
  /// Memory larger than caches, filled with numbers that are ordinary in every element type.
  let source: MemoryBlock
  /// Memory for results.
  let results: MemoryBlock

  /// Allocates and fills the memory.
  ///
  /// - Throws: `RuntimeError` when the machine has not that much.
  init(sourceByteCount: Int, resultByteCount: Int) throws {
    source = try MemoryBlock(
      byteCount: sourceByteCount, for: "the measurement", isZeroed: false)
    results = try MemoryBlock(byteCount: resultByteCount, for: "the measurement")
    fillSource()
  }

  /// Each word is twice the same bf16 number in [0.5, 1), which as f32 is about that number.
  private func fillSource() {
    let words = source.base.bindMemory(to: UInt32.self, capacity: source.byteCount / 4)
    let period = min(source.byteCount / 4, 1 << 16)
    for index in 0..<period {
      let half = 0x3F00 | (UInt32(truncatingIfNeeded: index &* 0x9E37_79B9) >> 20 & 0x7F)
      words[index] = half << 16 | half
    }
    var filled = period
    while filled < source.byteCount / 4 {
      let count = min(filled, source.byteCount / 4 - filled)
      (words + filled).update(from: words, count: count)
      filled += count
    }
  }
}

/// Times kernels as a program calls them: many in a list, all threads meeting after each.
final class KernelTimer {
  private let row: KernelRow
  private let pool: ThreadPool
  private let memory: ProbeMemory
  private let scratch: MemoryBlock
  private let scratchByteCountPerThread: Int
  private let code: MemoryBlock
  private let claims: MemoryBlock
  private let argumentByteCount: Int
  private var cursor = 0

  /// The most calls in a list.
  private static let listCount = 256
  private static let operandCount = 1 + Int(DTH_MAX_INPUTS)

  /// A timer of probes.
  ///
  /// - Throws: `RuntimeError` when there is no memory for the probes' scratch.
  init(_ probes: [KernelProbe], _ memory: ProbeMemory, row: KernelRow, pool: ThreadPool) throws {
    self.row = row
    self.pool = pool
    self.memory = memory
    scratchByteCountPerThread = alignedByteCount(
      probes.map(\.scratchByteCount).max() ?? 0)
    scratch = try MemoryBlock(
      byteCount: scratchByteCountPerThread * pool.threadCount, for: "the measurement")
    claims = try MemoryBlock(
      byteCount: ProgramClaims.byteCount(
        callCount: Self.listCount, threadCount: pool.threadCount),
      for: "the measurement")
    argumentByteCount = alignedByteCount(probes.map(\.arguments.byteCount).max() ?? 0)
    code = try MemoryBlock(
      byteCount: argumentByteCount + MemoryLayout<InstructionList>.stride
        + Self.listCount
        * (MemoryLayout<Instruction>.stride
          + Self.operandCount * MemoryLayout<UnsafeMutableRawPointer?>.stride),
      for: "the measurement")
  }

  /// The seconds of one call, from a list that takes about `seconds`.
  ///
  /// - Parameter count: The calls of the list, when that is known; else found and returned.
  func time(_ probe: KernelProbe, seconds: Double, count: inout Int?) -> Double {
    if count == nil {
      let once = time(probe, count: 1)
      let fitting = Int(min(seconds / max(once, 1e-9), Double(Self.listCount)))
      count = max(1, fitting)
      if fitting <= 1 { return once }
    }
    let calls = count ?? 1
    return time(probe, count: calls) / Double(calls)
  }

  /// The seconds of a list of `count` calls.
  private func time(_ probe: KernelProbe, count: Int) -> Double {
    let arguments = code.base
    probe.arguments.store(at: arguments)
    let list = (arguments + argumentByteCount).bindMemory(
      to: InstructionList.self, capacity: 1)
    let instructions = UnsafeMutableRawPointer(list + 1).bindMemory(
      to: Instruction.self, capacity: count)
    let operands = UnsafeMutableRawPointer(instructions + Self.listCount).bindMemory(
      to: UnsafeMutableRawPointer?.self, capacity: count * Self.operandCount)
    let kernel = probe.kernel(of: row.functions.pointee)
    for index in 0..<count {
      let slots = operands + index * Self.operandCount
      for (place, operand) in probe.operands.enumerated() { slots[place] = operand }
      if let (operand, byteCount) = probe.moving {
        if cursor + byteCount > memory.source.byteCount { cursor = 0 }
        slots[operand] = memory.source.base + cursor
        cursor += alignedByteCount(byteCount)
      }
      (instructions + index).initialize(
        to: Instruction(
          kernel: kernel, arguments: arguments, operands: slots,
          endsWithBarrier: index < count - 1))
    }
    list.initialize(
      to: InstructionList(
        instructions: instructions, count: count, scratch: scratch.base,
        scratchByteCountPerThread: scratchByteCountPerThread, pool: pool.handle,
        claims: ProgramClaims(
          at: claims.base, callCount: count, threadCount: pool.threadCount)))
    list.pointee.claims.reset()
    let start = clockNanoseconds()
    pool.run(executeInstructions, context: list)
    return Double(clockNanoseconds() - start) / 1e9
  }
}
