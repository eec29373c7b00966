import GraphIR
import GraphSamples
import Kernels
import Planning
import Runtime
import Tensors
import Testing

@Suite struct WholeGraphTests {
  @Test(arguments: 0..<40) func randomGraphsAgreeWithTheEvaluator(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), opCount: 60)
    try expectAgreement(
      graph, seed: UInt64(seed), step: seed % 4, tolerance: 5e-5, threads: 1 + seed % 3)
  }

  @Test(arguments: [true, false]) func transformerAgreesWithTheEvaluator(fused: Bool) throws {
    var sample = TransformerGraph()
    sample.tokens = 13
    sample.width = 36
    sample.channels = 3
    try expectAgreement(sample.build(fused: fused), step: 3)
  }

  @Test func stateIsCarriedFromStepToStep() throws {
    var sample = TransformerGraph()
    sample.tokens = 7
    sample.width = 24
    sample.depth = 1
    let graph = try sample.build(fused: true)
    let staged = StagedGraph(graph)
    var bindings = SampleBindings(staged, seed: 5)
    let executable = try bindings.executable(staged)
    #expect(executable.stepCount == sample.steps)
    try executable.prepare()
    for step in 0..<sample.steps {
      executable.step(step)
      bindings.states = try bindings.expected(graph, step: step)
      let state = try #require(bindings.states["latent"])
      #expect(relativeError(try executable.state("latent"), state) < 1e-5)
    }
  }

  @Test(arguments: [true, false]) func bytesDoNotDependOnTheNumberOfThreads(fused: Bool) throws {
    var sample = TransformerGraph()
    sample.tokens = 29
    sample.width = 60
    sample.channels = 5
    let staged = StagedGraph(try sample.build(fused: fused))
    let bindings = SampleBindings(staged, seed: 9)
    for row in KernelRow.supported {
      let results = try (1...4).map { threads in
        let executable = try bindings.executable(staged, threads: threads, row: row)
        try executable.prepare()
        for step in 0..<3 { executable.step(step) }
        return try executable.state("latent").values.map(\.bitPattern)
      }
      #expect(results.allSatisfy { $0 == results[0] }, "\(row.name)")
    }
  }

  @Test func historyMovesByOneEveryStep() throws {
    var b = GraphBuilder(name: "history")
    let latent = b.source(.state("latent"), .f32([4]))
    let last = b.source(.state("last"), .f32([4]))
    let before = b.source(.state("before"), .f32([4]))
    b.output("before", last, isState: true)
    b.output("last", latent, isState: true)
    b.output("latent", try b.add(latent, before), isState: true)
    let executable = try SampleBindings(StagedGraph(b.graph), seed: 1)
      .executable(StagedGraph(b.graph))
    try executable.setState("latent", Tensor([4], [1, 2, 3, 4]))
    try executable.setState("last", Tensor([4], [10, 20, 30, 40]))
    try executable.setState("before", Tensor([4], [100, 200, 300, 400]))
    try executable.run()
    #expect(try executable.state("latent").values == [101, 202, 303, 404])
    #expect(try executable.state("last").values == [1, 2, 3, 4])
    #expect(try executable.state("before").values == [10, 20, 30, 40])
  }

  @Test func swappedStatesAreExchanged() throws {
    var b = GraphBuilder(name: "swap")
    let s = b.source(.state("s"), .f32([2]))
    let t = b.source(.state("t"), .f32([2]))
    b.output("s", t, isState: true)
    b.output("t", s, isState: true)
    let staged = StagedGraph(b.graph)
    let executable = try SampleBindings(staged, seed: 1).executable(staged)
    try executable.setState("s", Tensor([2], [1, 2]))
    try executable.setState("t", Tensor([2], [3, 4]))
    try executable.run()
    #expect(try executable.state("s").values == [3, 4])
    #expect(try executable.state("t").values == [1, 2])
  }
}
