import CMallocCounter
import GraphIR
import GraphSamples
import Kernels
import Planning
import Runtime
import Tensors
import Testing
import Transforms

/// The allocator of the whole process is counted, so a window in which another test allocates is
/// tried again; one clean window proves that the code itself allocates nothing.
@Suite(.serialized) struct AllocationTests {
  @Test(arguments: [true, false], Precision.allCases)
  func stepsAllocateNothing(fused: Bool, precision: Precision) throws {
    var sample = TransformerGraph()
    sample.tokens = 16
    sample.width = 32
    sample.steps = 10
    let staged = StagedGraph(
      try PassPipeline.run(
        PassPipeline.passes(for: precision), on: sample.build(fused: fused)
      ).graph)
    let executable = try SampleBindings(staged, seed: 1).executable(staged)
    try executable.prepare()
    var fewest = Int64.max
    for _ in 0..<malloc_counter_attempts where fewest > 0 {
      malloc_counter_start()
      for step in 0..<10 { executable.step(step) }
      fewest = min(fewest, malloc_counter_stop().calls)
    }
    #expect(fewest == 0)
  }

  @Test func theCounterCounts() {
    malloc_counter_start()
    let numbers = [Int](unsafeUninitializedCapacity: 1000) {
      $0[0] = 1; $1 = 1
    }
    let count = malloc_counter_stop()
    #expect(numbers.count == 1)
    #expect(count.calls > 0)
  }

  @Test(arguments: [true, false], Precision.allCases)
  func thePlanStatesWhatIsAllocated(fused: Bool, precision: Precision) throws {
    let staged = StagedGraph(
      try PassPipeline.run(
        PassPipeline.passes(for: precision), on: TransformerGraph().build(fused: fused)
      ).graph)
    let plan = StagedPlan(staged)
    let outline = try ProgramOutline(staged, plan)
    let bindings = SampleBindings(staged, seed: 1)
    let pool = try #require(ThreadPool(threadCount: 2))
    let store = try bindings.weightStore()
    try store.add(plan.weights, pool: pool)
    #expect(store.byteCount == plan.weightByteCount)
    let scratch = outline.scratchByteCount(threadCount: 2)
    let stated = plan.arenaByteCount + plan.carriedByteCount + plan.interfaceByteCount + scratch
    var fewest = Int64.max
    var instructions = 0
    for _ in 0..<malloc_counter_attempts where fewest != Int64(stated + instructions) {
      malloc_counter_start()
      let executable = try Executable(staged, plan, weights: store, pool: pool, row: .best)
      fewest = min(fewest, malloc_counter_stop().aligned_bytes)
      instructions = executable.instructionByteCount
    }
    #expect(fewest == Int64(stated + instructions))
  }
}
