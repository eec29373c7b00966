import Compiler
import GraphIR
import Lowering
import ModelSpec
import Planning
import Reference
import Schedules
import Tensors
import Testing
import Transforms

/// Staged graphs compute what the whole graph computes, and compute it as rarely as it changes.
@Suite struct StagingTests {
  private func compiled(
    _ text: String, guidance: Double, batch: Int, passes: [Pass]
  ) throws -> (LoadedSpec, CompiledModel) {
    let loaded = try SmallModels.load(text)
    var options = CompileOptions()
    options.steps = 3
    options.guidance = guidance
    options.batch = batch
    options.passes = passes
    options.isVerifying = true
    return (loaded, try ModelCompiler(loaded, options: options).sampling())
  }

  @Test(arguments: SmallModels.all + SmallModels.samplers, [1.0, 3.5])
  func `three steps of the stages are three steps of the whole graph`(
    text: String, guidance: Double
  ) throws {
    for passes in [PassPipeline.none, PassPipeline.all] {
      let (loaded, model) = try compiled(text, guidance: guidance, batch: 2, passes: passes)
      let parameters = SmallModels.parameters(of: loaded.spec)
      let (inputs, states) = SmallModels.sources(of: [model.step.lowered])
      let whole = Evaluator(graph: model.step.lowered)

      var carried = inputs
      for stage in model.step.staged.stages where stage.binding != .step {
        let results = try Evaluator(graph: stage.graph)
          .evaluate(inputs: carried, parameters: parameters)
        carried.merge(results) { _, new in new }
      }
      let step = Evaluator(graph: try #require(model.step.staged[.step]).graph)
      var (expected, found) = (states, states)
      for index in 0..<3 {
        expected = try whole.evaluate(
          inputs: inputs, parameters: parameters, states: expected, step: index)
        found = try step.evaluate(
          inputs: carried, parameters: parameters, states: found, step: index)
        let (a, b) = (try #require(expected["latent"]), try #require(found["latent"]))
        let largest = a.values.map(abs).max() ?? 1
        let worst = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= 1e-5 * largest, "\(loaded.spec.name), step \(index)")
      }
    }
  }

  @Test func `conditions and modulation leave the loop`() throws {
    let (_, model) = try compiled(
      SmallModels.picture, guidance: 4, batch: 1, passes: PassPipeline.all)
    let step = try #require(model.step.staged[.step]).graph
    let parameters = step.nodes.flatMap { node -> [String] in
      if case .parameter(let names) = node.op { names } else { [] }
    }
    #expect(!parameters.contains { $0.contains("modulation") || $0.hasPrefix("conditioning") })
    #expect(parameters.contains { $0.contains("attention.query") })
    let schedule = try #require(model.step.staged[.schedule]).graph
    #expect(!schedule.nodes.contains { $0.op == .stepRow })
    // One product over all steps: three steps, two conditions each.
    #expect(
      schedule.nodes.contains {
        if case .linear = $0.op { $0.type.shape.dimensions.prefix(2) == [3, 2] } else { false }
      })
    let prompt = try #require(model.step.staged[.prompt]).graph
    #expect(prompt.nodes.contains { $0.op == .gather })
  }

  @Test(arguments: [1, 2])
  func `the text encoder and the keys and values of words leave the loop`(batch: Int) throws {
    let (_, model) = try compiled(
      SmallModels.text, guidance: 4, batch: batch, passes: PassPipeline.all)
    func parameters(_ binding: Binding) throws -> [String] {
      try #require(model.step.staged[binding]).graph.nodes.flatMap { node -> [String] in
        if case .parameter(let names) = node.op { names } else { [] }
      }
    }
    func attentions(_ binding: Binding) throws -> [Node] {
      try #require(model.step.staged[binding]).graph.nodes.filter {
        if case .attention = $0.op { true } else { false }
      }
    }
    let inStep = try parameters(.step)
    #expect(
      !inStep.contains {
        $0.hasPrefix("text_encoder") || $0.hasSuffix("cross_attention.key.weight")
          || $0.hasSuffix("cross_attention.value.weight")
      })
    #expect(inStep.contains("blocks.1.cross_attention.query.weight"))
    let inPrompt = try parameters(.prompt)
    for block in 0..<2 {
      #expect(inPrompt.contains("text_encoder.blocks.\(block).attention.query.weight"))
      #expect(inPrompt.contains("blocks.\(block).cross_attention.key.weight"))
      #expect(inPrompt.contains("blocks.\(block).cross_attention.value.weight"))
    }
    // Both halves of the guided batch are encoded together.
    #expect(
      try attentions(.prompt).map(\.type.shape.dimensions) == [
        [2 * batch, 5, 10], [2 * batch, 5, 10],
      ])
    // Six tokens read themselves, then five words.
    let step = try #require(model.step.staged[.step]).graph
    let keys = try attentions(.step).map { step[$0.inputs.last ?? $0.inputs[0]].type.shape[1] }
    #expect(keys == [6, 5, 6, 5])
    #expect(!model.step.refused.contains { $0.kind == Pass.attention.name })
  }

  @Test func `a value carried for all steps is read by step_row alone`() throws {
    let (_, model) = try compiled(
      SmallModels.picture, guidance: 1, batch: 1, passes: PassPipeline.none)
    let schedule = try #require(model.step.staged[.schedule]).graph
    let step = try #require(model.step.staged[.step]).graph
    let scheduled = Set(schedule.outputs.map(\.name))
    var readCount = 0
    for node in step.nodes {
      for input in node.inputs {
        guard case .input(let name) = step[input].op, scheduled.contains(name) else { continue }
        #expect(node.op == .stepRow)
        #expect(step[input].type.shape[0] == 3)
        readCount += 1
      }
    }
    // Shift, scale and gate of two sublayers in two blocks, shift and scale of the final layer.
    #expect(readCount == 14)
  }

  @Test func `guidance of one computes no unconditional half`() throws {
    let (_, single) = try compiled(
      SmallModels.picture, guidance: 1, batch: 1, passes: PassPipeline.all)
    let (_, double) = try compiled(
      SmallModels.picture, guidance: 2, batch: 1, passes: PassPipeline.all)
    #expect(double.macsPerStep > Int(1.9 * Double(single.macsPerStep)))
    #expect(double.macsPerStep <= 2 * single.macsPerStep)
  }

  @Test(arguments: [1, 3])
  func `guidance is one batch of twice the samples, and none is the samples alone`(
    batch: Int
  ) throws {
    for (guidance, rows) in [(1.0, batch), (2.0, 2 * batch)] {
      let (_, model) = try compiled(
        SmallModels.picture, guidance: guidance, batch: batch, passes: PassPipeline.all)
      let step = try #require(model.step.staged[.step]).graph
      let attentions = step.nodes.filter { if case .attention = $0.op { true } else { false } }
      #expect(attentions.count == 2)
      #expect(attentions.allSatisfy { $0.type.shape[0] == rows })
      let nodes = model.step.staged.stages.flatMap(\.graph.nodes)
      #expect(nodes.count { $0.op == .gather } == (guidance == 1 ? 1 : 2))
      let states = step.nodes.filter { $0.op == .state("latent") }
      #expect(states.map { $0.type.shape[0] } == [batch])
    }
  }
}
