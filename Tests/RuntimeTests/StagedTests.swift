import GraphIR
import GraphSamples
import Kernels
import Planning
import Runtime
import Tensors
import Testing

/// A small model in four stages.
struct StagedSample {
  var staged: StagedGraph

  init() throws {
    var load = GraphBuilder(name: "load")
    let parameter = load.parameter("w", [6, 6])
    load.output("carried.0", try load.unary(.tanh, parameter))

    var prompt = GraphBuilder(name: "prompt")
    let ids = prompt.input("ids", TensorType(.i32, [3]))
    let words = try prompt.append(.gather, [prompt.parameter("words", [9, 6]), ids])
    prompt.output("carried.1", try prompt.append(.reduce(.mean, axes: [0]), [words]))

    var schedule = GraphBuilder(name: "schedule")
    let times = schedule.input("times", .f32([4, 1]))
    let condition = schedule.input("carried.1", .f32([6]))
    let rows = try schedule.add(times, condition)
    let weight = schedule.parameter("modulation", [12, 6])
    schedule.output("carried.2", try schedule.matmul(rows, weight, transposeB: true))

    var step = GraphBuilder(name: "step")
    let latent = step.source(.state("latent"), .f32([5, 6]))
    let row = try step.append(.stepRow, [step.input("carried.2", .f32([4, 12]))])
    let scale = try step.slice(row, axis: 0, start: 0, count: 6)
    let shift = try step.slice(row, axis: 0, start: 6, count: 6)
    let mixed = try step.matmul(latent, step.input("carried.0", .f32([6, 6])))
    let result = try step.append(.affine, [mixed, scale, shift])
    step.output("prediction", result)
    step.output("latent", try step.unary(.tanh, result), isState: true)
    staged = StagedGraph([
      Stage(.load, load.graph), Stage(.prompt, prompt.graph), Stage(.schedule, schedule.graph),
      Stage(.step, step.graph),
    ])
  }
}

@Suite struct StagedTests {
  @Test func stagesHandOnWhatTheyMake() throws {
    let staged = try StagedSample().staged
    var bindings = SampleBindings(staged, seed: 3)
    let executable = try bindings.executable(staged)
    try executable.prepare()
    var inputs = bindings.inputs
    for binding in [Binding.load, .prompt, .schedule] {
      let graph = try #require(staged[binding]).graph
      bindings.inputs = inputs
      inputs.merge(try bindings.expected(graph)) { $1 }
    }
    bindings.inputs = inputs
    let graph = try #require(staged[.step]).graph
    for step in 0..<4 {
      executable.step(step)
      let expected = try bindings.expected(graph, step: step)
      for (name, tensor) in expected where name == "prediction" {
        #expect(relativeError(try executable.output(name), tensor) < 1e-5)
      }
      bindings.states["latent"] = expected["latent"]
      #expect(
        relativeError(try executable.state("latent"), try #require(expected["latent"])) < 1e-5)
    }
    #expect(executable.stepCount == 4)
  }

  @Test func carriedValuesAreFoundByName() throws {
    let staged = try StagedSample().staged
    #expect(staged.carried.map(\.name) == ["carried.0", "carried.1", "carried.2"])
    let plan = StagedPlan(staged)
    // 36, 6 and 48 floats, each rounded up to 64 bytes.
    #expect(plan.carriedByteCount == 192 + 64 + 192)
  }

  @Test func aPromptMayBeReplaced() throws {
    let staged = try StagedSample().staged
    let bindings = SampleBindings(staged, seed: 3)
    let executable = try bindings.executable(staged)
    try executable.set("ids", Tensor(ids: [3], [1, 2, 3]))
    try executable.prepare()
    let first = try executable.output("carried.2")
    try executable.set("ids", Tensor(ids: [3], [4, 5, 6]))
    try executable.prepare()
    #expect(try executable.output("carried.2") != first)
    try executable.set("ids", Tensor(ids: [3], [1, 2, 3]))
    try executable.prepare()
    #expect(try executable.output("carried.2") == first)
  }

  @Test func stepsRepeatNothingOfTheStagesBefore() throws {
    let staged = try StagedSample().staged
    let bindings = SampleBindings(staged, seed: 3)
    let executable = try bindings.executable(staged)
    try executable.set("ids", Tensor(ids: [3], [1, 2, 3]))
    try executable.prepare()
    executable.step(0)
    let first = try executable.output("prediction")
    // An input set later is seen by the next `prepare`, and by no step before it.
    try executable.set("ids", Tensor(ids: [3], [4, 5, 6]))
    try executable.setState("latent", try #require(bindings.states["latent"]))
    executable.step(0)
    #expect(try executable.output("prediction") == first)
    try executable.prepare()
    try executable.setState("latent", try #require(bindings.states["latent"]))
    executable.step(0)
    #expect(try executable.output("prediction") != first)
  }

  @Test func executablesShareWeights() throws {
    let sample = TransformerGraph()
    let fused = StagedGraph(try sample.build(fused: true))
    let bindings = SampleBindings(fused, seed: 3)
    let store = try bindings.weightStore()
    let pool = try #require(ThreadPool(threadCount: 2))
    let plan = StagedPlan(fused)
    for _ in 0..<2 {
      _ = try Executable(fused, plan, weights: store, pool: pool, row: .best)
      #expect(store.byteCount == plan.weightByteCount)
    }
  }
}
