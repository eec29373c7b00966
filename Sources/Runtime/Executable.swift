import GraphIR
import Kernels
import Planning
import Tensors

/// A planned graph bound to memory, ready to run.
///
/// The stage `load` runs once, when the executable is made; `prepare` runs the stages `prompt` and
/// `schedule`; `step` runs the stage `step`, or where its middle can be skipped `first`, then `rest`
/// or `reuse`, then `step`. All memory is allocated when the executable is made:
/// the stages share one arena and one scratch, the weights belong to the store.
package final class Executable {
  /// The graph.
  package let staged: StagedGraph
  /// Its memory.
  package let plan: StagedPlan
  /// The kernels called in one run of every stage.
  package let instructionCounts: [Int]

  /// How many steps the tables read by `step_row` hold; the largest number where there is none.
  package let stepCount: Int

  private let programs: [Program]
  private let bindings: [Binding]
  private let tensors: TensorDirectory
  private let arena: MemoryBlock
  private let scratch: MemoryBlock
  private let weights: WeightStore
  private let pool: ThreadPool
  private let shared: SharedStates?
  private var missing: Set<String>
  private var stopwatches: [Stopwatch] = []
  private var skipper = StepSkipper()
  /// Where the stage `first` leaves how much has changed; nil where nothing can be skipped.
  private let change: UnsafePointer<Float>?
  /// The seconds that making it took, the stage `load` included.
  package let loadSeconds: Double

  /// Reads the weights that the store does not hold yet, allocates the memory that the plan states,
  /// resolves every address, and runs the stage `load`.
  ///
  /// - Parameters:
  ///   - staged: The graph; a graph without stages is `StagedGraph(graph)`.
  ///   - plan: Its plan.
  ///   - weights: The store, which several executables may share.
  ///   - shared: Where states lie that it shares with others; it owns those that are not there.
  ///   - pool: The threads, which several executables may share.
  ///   - row: The kernels.
  /// - Throws: `RuntimeError` when memory or a weight is not there or does not fit.
  package init(
    _ staged: StagedGraph, _ plan: StagedPlan, weights: WeightStore,
    sharing shared: SharedStates? = nil, pool: ThreadPool, row: KernelRow
  ) throws {
    let start = clockNanoseconds()
    self.staged = staged
    self.plan = plan
    self.weights = weights
    self.shared = shared
    self.pool = pool
    bindings = staged.stages.map(\.binding)
    let calls = try KernelCallBuilder.calls(for: staged, plan)
    let outline = ProgramOutline(calls)
    instructionCounts = outline.instructionCounts
    try Self.checkMemory(plan, outline, threadCount: pool.threadCount)
    let tensors = try TensorDirectory(staged, plan, sharing: shared)
    try Self.checkLiteralIDs(staged)
    try weights.add(plan.weights, pool: pool)
    let arena = try MemoryBlock(byteCount: plan.arenaByteCount, for: "the arena")
    let scratch = try MemoryBlock(
      byteCount: outline.scratchByteCount(threadCount: pool.threadCount), for: "scratch")
    let perThread = outline.scratchByteCountPerThread
    programs = try staged.stages.indices.map { index in
      let graph = staged.stages[index].graph
      let memory = ProgramMemory(
        arena: arena.base, scratch: scratch.base, scratchByteCountPerThread: perThread,
        packing: scratch.base + perThread * pool.threadCount,
        source: { Self.address(of: $0, graph, tensors, weights) },
        output: { Self.address(of: graph.outputs[$0], tensors) },
        panels: weights.address)
      return try Program(
        calls[index], graph, plan.plans[index], memory, row: row, pool: pool)
    }
    stepCount = programs.reduce(Int.max) { min($0, $1.stepCount) }
    self.tensors = tensors
    let slot = staged[.reuse] == nil ? nil : tensors.results[SkippedMiddle.change]
    change = slot.map { UnsafePointer($0.base.assumingMemoryBound(to: Float.self)) }
    self.arena = arena
    self.scratch = scratch
    missing = Set(tensors.inputNames)
    for index in programs.indices where bindings[index] == .load { programs[index].run(step: 0) }
    loadSeconds = Double(clockNanoseconds() - start) / 1e9
  }

  private static func address(
    of source: ValueID, _ graph: Graph, _ tensors: TensorDirectory, _ weights: WeightStore
  ) -> UnsafeMutableRawPointer {
    if let slot = tensors.slot(of: graph[source].op) { return slot.base }
    guard let stored = graph.storedSource(of: source) else {
      preconditionFailure("\(source) is no source")
    }
    return weights.address(of: StoredWeight(source: stored, layout: .rows))
  }

  private static func address(
    of output: Output, _ tensors: TensorDirectory
  ) -> UnsafeMutableRawPointer {
    guard let slot = tensors.slot(of: output) else {
      preconditionFailure("\(output.name) has no memory")
    }
    return slot.base
  }

  /// Refuses what the machine cannot hold before anything of it is touched.
  private static func checkMemory(
    _ plan: StagedPlan, _ outline: ProgramOutline, threadCount: Int
  ) throws {
    let needed =
      plan.arenaByteCount + plan.weightByteCount + plan.carriedByteCount + plan.interfaceByteCount
      + outline.scratchByteCount(threadCount: threadCount)
    guard needed <= MemoryBlock.machineByteCount else {
      throw RuntimeError(
        "the graph needs \(needed) bytes; the machine has \(MemoryBlock.machineByteCount)")
    }
  }

  private static func checkLiteralIDs(_ staged: StagedGraph) throws {
    for stage in staged.stages {
      for node in stage.graph.nodes {
        guard case .gather = node.op,
          case .constant(let ids) = stage.graph[node.inputs[1]].op
        else { continue }
        let rows = stage.graph[node.inputs[0]].type.shape[0]
        guard ids.values.allSatisfy({ $0 >= 0 && $0 < Float(rows) }) else {
          throw RuntimeError("\(stage.graph.name) looks up a row outside a table of \(rows) rows")
        }
      }
    }
  }
}

extension Executable {
  /// Sets an input.
  ///
  /// - Throws: `RuntimeError` when there is no such input, the shape differs, or an id is no integer
  ///   or outside the table that it indexes.
  package func set(_ name: String, _ tensor: Tensor) throws {
    guard let slot = tensors.inputs[name] else {
      let known = tensors.inputNames.joined(separator: ", ")
      throw RuntimeError(
        "there is no input \(name); "
          + (known.isEmpty ? "the graph has none" : "the inputs are \(known)"))
    }
    try slot.store(tensor, as: "the input \(name)")
    missing.remove(name)
  }

  /// Sets a state, which is zero before.
  ///
  /// - Throws: `RuntimeError` when there is no such state or the shape differs.
  package func setState(_ name: String, _ tensor: Tensor) throws {
    guard let slot = tensors.states[name] else { throw RuntimeError("there is no state \(name)") }
    try slot.store(tensor, as: "the state \(name)")
  }

  /// The memory of a state, to be written between steps.
  ///
  /// - Throws: `RuntimeError` when there is no such state.
  package func stateMemory(_ name: String) throws -> StateMemory {
    guard let slot = tensors.states[name] else { throw RuntimeError("there is no state \(name)") }
    return StateMemory(slot, owner: self, pool: pool)
  }

  /// Computes what does not depend on the latent: the stages `prompt` and `schedule`.
  ///
  /// - Throws: `RuntimeError` when an input has not been set.
  package func prepare() throws {
    if let name = tensors.inputNames.first(where: missing.contains) {
      throw RuntimeError("the input \(name) has no value")
    }
    skipper.begin()
    run(.prompt)
    run(.schedule)
  }

  /// Runs a step; allocates nothing.
  ///
  /// Where the middle can be skipped, the first step after `prepare` never does.
  /// - Precondition: `prepare` was called after the inputs were set, and `index` is a step.
  package func step(_ index: Int) {
    precondition(index >= 0 && index < stepCount, "step \(index) of \(stepCount)")
    if let change {
      run(.first, step: index)
      run(skipper.skips(change: change.pointee) ? .reuse : .rest, step: index)
    }
    run(.step, step: index)
  }

  /// The change below which a step skips the middle, where there is one; at first 0, which skips
  /// none.
  package var skippingThreshold: Double {
    get { Double(skipper.threshold) }
    set { skipper.threshold = Float(newValue) }
  }

  /// What was skipped since `prepare`.
  package var skippedSteps: SkippedSteps { skipper.result }

  /// Computes everything once: for a graph without a loop.
  ///
  /// - Throws: `RuntimeError` when an input has not been set.
  package func run() throws {
    try prepare()
    step(0)
  }

  /// A result or a carried value, as the last run left it.
  ///
  /// - Throws: `RuntimeError` when there is none of the name.
  package func output(_ name: String) throws -> Tensor {
    guard let slot = tensors.results[name] ?? tensors.carried[name] else {
      throw RuntimeError("there is no output \(name)")
    }
    return slot.load()
  }

  /// Lends the elements of an `f32` result, as the last run left them; nil when there is none of
  /// the name.
  package func withElements<R>(
    of name: String, _ body: (UnsafeBufferPointer<Float>) -> R
  ) -> R? {
    guard let slot = tensors.results[name] else { return nil }
    let base = slot.base.assumingMemoryBound(to: Float.self)
    return body(UnsafeBufferPointer(start: base, count: slot.type.shape.elementCount))
  }

  /// A state, as the last step left it.
  ///
  /// - Throws: `RuntimeError` when there is none of the name.
  package func state(_ name: String) throws -> Tensor {
    guard let slot = tensors.states[name] else { throw RuntimeError("there is no state \(name)") }
    return slot.load()
  }

  private func run(_ binding: Binding, step: Int = 0) {
    for index in programs.indices where bindings[index] == binding {
      if stopwatches.isEmpty {
        programs[index].run(step: step)
      } else {
        stopwatches[index].time { programs[index].run(step: step) }
      }
    }
  }
}

extension Executable {
  /// Measures every stage and every instruction from here on; a step allocates nothing even then.
  ///
  /// - Throws: `RuntimeError` when there is no memory for the measurements.
  package func startTiming() throws {
    for program in programs { try program.startTiming() }
    stopwatches = programs.map { _ in Stopwatch() }
  }

  /// By stage, the times measured since `startTiming`; empty before it.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  package func stageTimes() throws -> [StageTimes] {
    let calls = try KernelCallBuilder.calls(for: staged, plan)
    return stopwatches.indices.map { index in
      StageTimes(
        binding: bindings[index], runs: stopwatches[index].runs,
        seconds: Double(stopwatches[index].nanoseconds) / 1e9,
        calls: zip(calls[index], programs[index].nanoseconds).map {
          StageTimes.Call(work: $0.work, seconds: Double($1) / 1e9)
        })
    }
  }
}

extension Executable {
  /// The bytes of the arena that the stages share.
  package var arenaByteCount: Int { arena.byteCount }

  /// The bytes of values that stages hand on.
  package var carriedByteCount: Int { tensors.carriedByteCount }

  /// The bytes of inputs, states of its own and results.
  package var interfaceByteCount: Int { tensors.interfaceByteCount }

  /// The bytes of the weights of this executable, which others may share.
  package var weightByteCount: Int { plan.weightByteCount }

  /// The bytes that kernels use beside their operands.
  package var scratchByteCount: Int { scratch.byteCount }

  /// The bytes of instructions and their arguments.
  package var instructionByteCount: Int { programs.reduce(0) { $0 + $1.memory.byteCount } }

  /// The kernels called in one run of all stages.
  package var instructionCount: Int { instructionCounts.reduce(0, +) }

  /// The nodes of all stages.
  package var nodeCount: Int { staged.stages.reduce(0) { $0 + $1.graph.nodes.count } }
}
