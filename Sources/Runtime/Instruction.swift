import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One call of a kernel with everything resolved; trivially copied.
struct Instruction {
  /// What is called.
  var kernel: dth_kernel
  /// The kernel's argument struct.
  var arguments: UnsafeRawPointer
  /// The kernel's operands, result first.
  var operands: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// Whether all threads meet before the next instruction.
  var endsWithBarrier: Bool
}

/// An operand whose address grows with the step.
struct StepAddress {
  /// Where the address is read by the kernel.
  var slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// The address in step 0.
  var base: UnsafeMutableRawPointer
  /// The bytes from step to step.
  var byteStride: Int
}

/// What threads have claimed of each other's shares, in every call of a list.
struct ProgramClaims {
  private let base: UnsafeMutableRawPointer
  private let threadCount: Int
  private let callCount: Int

  /// Claims in memory that is aligned to `DTH_CLAIM_BYTES`.
  init(at base: UnsafeMutableRawPointer, callCount: Int, threadCount: Int) {
    self.base = base
    self.callCount = callCount
    self.threadCount = threadCount
  }

  static func byteCount(callCount: Int, threadCount: Int) -> Int {
    callCount * threadCount * Int(DTH_CLAIM_BYTES)
  }

  /// Those of a call.
  subscript(call: Int) -> OpaquePointer {
    OpaquePointer(base + Self.byteCount(callCount: call, threadCount: threadCount))
  }

  /// Takes all claims back; only while no thread runs.
  func reset() {
    memset(base, 0, Self.byteCount(callCount: callCount, threadCount: threadCount))
  }
}

/// What every thread needs to walk the instructions.
struct InstructionList {
  var instructions: UnsafeMutablePointer<Instruction>
  var count: Int
  var scratch: UnsafeMutableRawPointer
  var scratchByteCountPerThread: Int
  var pool: OpaquePointer
  /// By instruction, one of each thread; zero before a run.
  var claims: ProgramClaims
  /// Where the time of each instruction is added up, for `executeTimedInstructions` alone.
  var nanoseconds: UnsafeMutablePointer<UInt64>?
}

/// Walks the whole list as one thread of the pool, each time doing that thread's share.
let executeInstructions: dth_pool_body = { context, thread, threadCount in
  guard let list = context?.load(as: InstructionList.self) else { return }
  let scratch = list.scratch + Int(thread) * list.scratchByteCountPerThread
  for index in 0..<list.count {
    let instruction = list.instructions[index]
    instruction.kernel(
      instruction.arguments, instruction.operands, thread, threadCount, scratch,
      list.claims[index])
    if instruction.endsWithBarrier { dth_pool_barrier(list.pool) }
  }
}

/// `executeInstructions` that also adds up the time of each instruction, as the first thread sees it:
/// with the wait for the others where the instruction ends with one.
let executeTimedInstructions: dth_pool_body = { context, thread, threadCount in
  guard let list = context?.load(as: InstructionList.self), let nanoseconds = list.nanoseconds
  else { return }
  let scratch = list.scratch + Int(thread) * list.scratchByteCountPerThread
  var before = thread == 0 ? clockNanoseconds() : 0
  for index in 0..<list.count {
    let instruction = list.instructions[index]
    instruction.kernel(
      instruction.arguments, instruction.operands, thread, threadCount, scratch,
      list.claims[index])
    if instruction.endsWithBarrier || index == list.count - 1 { dth_pool_barrier(list.pool) }
    if thread == 0 {
      let after = clockNanoseconds()
      nanoseconds[index] += after - before
      before = after
    }
  }
}

/// The time since some moment in the past, by a clock that is never set.
func clockNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
