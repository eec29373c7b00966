import CKernels
import GraphIR
import Kernels
import Planning
import Tensors

/// The memory that programs are bound to.
struct ProgramMemory {
  /// The arena.
  var arena: UnsafeMutableRawPointer
  /// Every thread's scratch, one after another.
  var scratch: UnsafeMutableRawPointer
  /// The bytes of scratch of one thread.
  var scratchByteCountPerThread: Int
  /// The memory for weights packed while running.
  var packing: UnsafeMutableRawPointer
  /// The memory of a source of the graph.
  var source: (ValueID) -> UnsafeMutableRawPointer
  /// The memory of an output of the graph, by number.
  var output: (Int) -> UnsafeMutableRawPointer
  /// The memory of a packed weight.
  var panels: (StoredWeight) -> UnsafeMutableRawPointer
}

/// A graph as a flat list of kernel calls on resolved addresses.
///
/// Everything a run reads besides tensors lies in one block made when the program is built. A run
/// allocates nothing, looks nothing up and throws nothing.
final class Program {
  /// The kernels called in a run.
  let instructionCount: Int
  /// The smallest number of rows of the tables read by `step_row`.
  let stepCount: Int
  /// The block that holds instructions, arguments and operand addresses.
  let memory: MemoryBlock

  private let list: UnsafeMutablePointer<InstructionList>
  private let stepAddresses: UnsafeMutablePointer<StepAddress>
  private let stepAddressCount: Int
  private let pool: ThreadPool
  private var body = executeInstructions
  private var times: MemoryBlock?

  /// The operands of a call, with room for the kernel that has most.
  private static let operandCount = 1 + Int(DTH_MAX_INPUTS)

  /// Binds the calls of a planned graph to memory.
  ///
  /// - Throws: `RuntimeError` when there is no memory for the instructions.
  init(
    _ calls: [KernelCall], _ graph: Graph, _ plan: MemoryPlan, _ memory: ProgramMemory,
    row: KernelRow, pool: ThreadPool
  ) throws {
    let addresses = calls.map { call in
      call.operands.map { Self.address(of: $0, graph, plan, memory) }
    }
    stepAddressCount = addresses.joined().count { $0.byteStride != 0 }
    var layout = BlockLayout()
    let listOffset = layout.reserve(MemoryLayout<InstructionList>.stride)
    let stepsOffset = layout.reserve(MemoryLayout<StepAddress>.stride * stepAddressCount)
    let codeOffset = layout.reserve(MemoryLayout<Instruction>.stride * calls.count)
    let operandsOffset = layout.reserve(
      MemoryLayout<UnsafeMutableRawPointer?>.stride * Self.operandCount * calls.count)
    let argumentOffsets = calls.map { layout.reserve($0.arguments.byteCount) }
    let claimsOffset = layout.reserve(
      ProgramClaims.byteCount(callCount: calls.count, threadCount: pool.threadCount))
    let block = try MemoryBlock(byteCount: layout.byteCount, for: "instructions")

    let instructions = (block.base + codeOffset).bindMemory(
      to: Instruction.self, capacity: calls.count)
    let operands = (block.base + operandsOffset).bindMemory(
      to: UnsafeMutableRawPointer?.self, capacity: Self.operandCount * calls.count)
    stepAddresses = (block.base + stepsOffset).bindMemory(
      to: StepAddress.self, capacity: stepAddressCount)
    var movingCount = 0
    for (index, call) in calls.enumerated() {
      let slots = operands + index * Self.operandCount
      for (place, address) in addresses[index].enumerated() {
        slots[place] = address.base
        if let base = address.base, address.byteStride != 0 {
          stepAddresses[movingCount] = StepAddress(
            slot: slots + place, base: base, byteStride: address.byteStride)
          movingCount += 1
        }
      }
      let arguments = block.base + argumentOffsets[index]
      call.arguments.store(at: arguments)
      (instructions + index).initialize(
        to: Instruction(
          kernel: call.kernel(of: row.functions.pointee), arguments: arguments, operands: slots,
          endsWithBarrier: call.endsWithBarrier && index < calls.count - 1))
    }
    list = (block.base + listOffset).bindMemory(to: InstructionList.self, capacity: 1)
    list.initialize(
      to: InstructionList(
        instructions: instructions, count: calls.count, scratch: memory.scratch,
        scratchByteCountPerThread: memory.scratchByteCountPerThread, pool: pool.handle,
        claims: ProgramClaims(
          at: block.base + claimsOffset, callCount: calls.count, threadCount: pool.threadCount)))
    instructionCount = calls.count
    stepCount = graph.nodes.reduce(Int.max) { count, node in
      guard case .stepRow = node.op else { return count }
      return min(count, graph[node.inputs[0]].type.shape[0])
    }
    self.memory = block
    self.pool = pool
  }

  /// Runs all instructions on all threads of the pool.
  ///
  /// - Parameter step: The row that `step_row` reads.
  func run(step: Int) {
    for index in 0..<stepAddressCount {
      let address = stepAddresses[index]
      address.slot.pointee = address.base + step * address.byteStride
    }
    guard instructionCount > 0 else { return }
    list.pointee.claims.reset()
    pool.run(body, context: list)
  }

  /// Adds up the time of every instruction from here on.
  ///
  /// - Throws: `RuntimeError` when there is no memory for the sums.
  func startTiming() throws {
    let block = try MemoryBlock(
      byteCount: MemoryLayout<UInt64>.stride * instructionCount, for: "times")
    list.pointee.nanoseconds = block.base.bindMemory(to: UInt64.self, capacity: instructionCount)
    times = block
    body = executeTimedInstructions
  }

  /// By instruction, the nanoseconds added up since `startTiming`; empty before it.
  var nanoseconds: [UInt64] {
    let count = times == nil ? 0 : instructionCount
    return Array(UnsafeBufferPointer(start: list.pointee.nanoseconds, count: count))
  }

  private static func address(
    of operand: KernelOperand, _ graph: Graph, _ plan: MemoryPlan, _ memory: ProgramMemory
  ) -> (base: UnsafeMutableRawPointer?, byteStride: Int) {
    func base(of home: BufferHome) -> UnsafeMutableRawPointer {
      switch home {
      case .arena(let number): memory.arena + plan.assignments[number].byteOffset
      case .source(let source): memory.source(source)
      case .output(let number): memory.output(number)
      }
    }
    switch operand {
    case .absent: return (nil, 0)
    case .panels(let weight): return (memory.panels(weight), 0)
    case .packing: return (memory.packing, 0)
    case .output(let number): return (memory.output(number), 0)
    case .staging(let number): return (base(of: .arena(number)), 0)
    case .value(let id, let byteOffset):
      guard let location = plan.locations[id.index] else {
        preconditionFailure("\(id) has no location")
      }
      return (
        base(of: location.home) + location.byteOffset + byteOffset, location.stepByteStride
      )
    }
  }
}

/// Places of 64-byte aligned pieces in one block.
private struct BlockLayout {
  private(set) var byteCount = 0

  mutating func reserve(_ size: Int) -> Int {
    let offset = byteCount
    byteCount += alignedByteCount(size)
    return offset
  }
}
