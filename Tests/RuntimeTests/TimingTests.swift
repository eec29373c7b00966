import CMallocCounter
import GraphIR
import GraphSamples
import Kernels
import Planning
import Runtime
import Tensors
import Testing

/// What is timed, not how long it takes.
@Suite(.serialized) struct TimingTests {
  @Test(arguments: [true, false]) func theWorkOfCallsIsThatOfTheNodes(fused: Bool) throws {
    let staged = StagedGraph(try TransformerGraph().build(fused: fused))
    let outline = try ProgramOutline(staged, StagedPlan(staged))
    let graph = staged.stages[0].graph
    #expect(
      outline.works[0].reduce(0) { $0 + $1.multiplyAccumulates }
        == graph.values.reduce(0) { $0 + graph.multiplyAccumulates(of: $1) })
    #expect(outline.works.map(\.count) == outline.instructionCounts)
  }

  @Test func aTimedRunComputesTheSame() throws {
    let staged = try StagedSample().staged
    let bindings = SampleBindings(staged, seed: 5)
    var results: [Tensor] = []
    for isTimed in [false, true] {
      let executable = try bindings.executable(staged)
      #expect(try executable.stageTimes().isEmpty)
      if isTimed { try executable.startTiming() }
      try executable.prepare()
      for step in 0..<4 { executable.step(step) }
      results.append(try executable.output("prediction"))
      guard isTimed else { continue }
      let times = try executable.stageTimes()
      #expect(times.map(\.binding) == [.load, .prompt, .schedule, .step])
      #expect(times.map(\.runs) == [0, 1, 1, 4])
      for (stage, count) in zip(times, executable.instructionCounts) {
        #expect(stage.calls.count == count)
        let sum = stage.calls.reduce(0) { $0 + $1.seconds }
        #expect(sum <= stage.seconds && (sum > 0) == (stage.runs > 0))
      }
    }
    #expect(results[0] == results[1])
  }

  @Test func timingAllocatesNothing() throws {
    let staged = try StagedSample().staged
    let executable = try SampleBindings(staged, seed: 5).executable(staged)
    try executable.startTiming()
    try executable.prepare()
    var fewest = Int64.max
    for _ in 0..<malloc_counter_attempts where fewest > 0 {
      malloc_counter_start()
      for step in 0..<4 { executable.step(step) }
      fewest = min(fewest, malloc_counter_stop().calls)
    }
    #expect(fewest == 0)
  }

  @Test(arguments: KernelRow.supported.map(\.name))
  func aMeasurementFillsAProfile(row: String) throws {
    let pool = try #require(ThreadPool(threadCount: 2))
    let row = try KernelRow.named(row)
    let key = MachineProfile.Key(processor: "p", kernels: row.name, threads: 2, version: "1")
    let profile = try MachineMeasurement(row: row, pool: pool, effort: .least).profile(key)
    #expect(profile.key == key)
    for table in MachineProfile.Table.all {
      let function = try #require(profile.tables[table])
      #expect(function.axes.count == table.axisCount)
    }
  }
}
