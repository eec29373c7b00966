import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing
import Transforms

@Suite struct PassPipelineTests {
  @Test func `the empty list leaves the graph`() throws {
    let graph = try DiTGraph().build()
    let result = try PassPipeline.run(PassPipeline.none, on: graph, verifying: true)
    #expect(result.graph == graph)
    #expect(result.made.isEmpty && result.refused.isEmpty)
  }

  @Test func `a transformer of primitives becomes the fused one written by hand`() throws {
    var transformer = TransformerGraph()
    (transformer.tokens, transformer.width, transformer.depth) = (5, 8, 2)
    transformer.heads = 2
    let passes = PassPipeline.all.filter { $0.name != "elementwise" }
    let primitive = try transformer.build(fused: false)
    let result = try PassPipeline.run(passes, on: primitive, verifying: true)
    #expect(result.graph.opNames == (try transformer.build(fused: true).opNames))
    try ResultComparison(primitive, seed: 3).expectEqual(result.graph)
  }

  @Test func `a DiT keeps nothing that could be fused`() throws {
    var dit = DiTGraph()
    dit.isGuided = true
    let graph = try dit.build()
    let result = try PassPipeline.run(PassPipeline.all, on: graph, verifying: true)
    #expect(
      result.made == [
        // The activation of the condition, which the blocks and the final layer share.
        Fusion(kind: "common-subexpressions", at: "conditioning.modulation", count: 1),
        Fusion(kind: "common-subexpressions", at: "final_layer", count: 1),
        Fusion(kind: "attention", at: "blocks[0].sublayers[0]", count: 2),
        Fusion(kind: "linear-bias-activation", at: "patch_embedding", count: 1),
        Fusion(kind: "linear-bias-activation", at: "conditioning.modulation", count: 2),
        Fusion(kind: "linear-bias-activation", at: "blocks[0].sublayers[0]", count: 8),
        Fusion(kind: "linear-bias-activation", at: "blocks[0].sublayers[1]", count: 4),
        Fusion(kind: "linear-bias-activation", at: "final_layer", count: 2),
        Fusion(kind: "qkv", at: "blocks[0].sublayers[0]", count: 2),
        Fusion(kind: "scale-shift", at: "blocks[0].sublayers[0]", count: 2),
        Fusion(kind: "scale-shift", at: "blocks[0].sublayers[1]", count: 2),
        Fusion(kind: "scale-shift", at: "final_layer", count: 1),
        Fusion(kind: "gate-residual", at: "patch_embedding", count: 1),
        Fusion(kind: "gate-residual", at: "blocks[0].sublayers[0]", count: 2),
        Fusion(kind: "gate-residual", at: "blocks[0].sublayers[1]", count: 2),
        Fusion(kind: "patchify", at: "patch_embedding", count: 1),
        Fusion(kind: "elementwise", at: "diffusion.sampler", count: 1),
      ])
    #expect(result.refused.isEmpty)
    let names = result.graph.opNames
    #expect(names.count { $0 == "linear" } == 2 * 5 + 2)
    #expect(names.count { $0 == "patch_linear" } == 1)
    #expect(names.count { $0 == "attention" } == 2)
    #expect(names.count { $0 == "norm_affine" } == 2 * 2 + 1)
    #expect(names.count { $0 == "chain" } == 1)
    // The activation of the condition alone, and `1 + scale` of every modulation.
    #expect(names.count { $0 == "silu" } == 1)
    #expect(names.count { $0 == "add" } == 2 * 2 + 1)
    let gone = ["matmul", "layer_norm", "softmax", "multiply", "subtract", "affine", "gated_add"]
    #expect(Set(names).isDisjoint(with: gone))
    try ResultComparison(graph, seed: 4).expectEqual(result.graph)
  }

  @Test func `the example worked by hand is fused and gives its numbers`() throws {
    let graph = try LoweredByHand.build()
    let result = try PassPipeline.run(PassPipeline.all, on: graph, verifying: true)
    #expect(
      result.made == [
        Fusion(kind: "linear-bias-activation", at: "autoencoder.encoder", count: 1),
        Fusion(kind: "linear-bias-activation", at: "conditioning.modulation", count: 1),
        Fusion(kind: "linear-bias-activation", at: "blocks[0].sublayers[1]", count: 1),
        Fusion(kind: "linear-bias-activation", at: "autoencoder.decoder", count: 1),
        Fusion(kind: "scale-shift", at: "blocks[0].sublayers[0]", count: 1),
        Fusion(kind: "gate-residual", at: "autoencoder.encoder", count: 1),
        Fusion(kind: "patchify", at: "autoencoder.encoder", count: 1),
      ])
    for graph in [graph, result.graph] {
      let results = try Evaluator(graph: graph).evaluate(LoweredByHand.bindings)
      for (name, values) in LoweredByHand.results { #expect(results[name]?.values == values) }
    }
  }

  @Test(arguments: [false, true])
  func `the stages of a DiT are fused one by one`(_ isGuided: Bool) throws {
    var dit = DiTGraph()
    dit.isTimed = true
    dit.isGuided = isGuided
    let graph = try dit.build()
    var fused = try staged(graph)
    for index in fused.stages.indices {
      fused.stages[index].graph =
        try PassPipeline.run(
          PassPipeline.all, on: fused.stages[index].graph, verifying: true
        ).graph
    }
    #expect(fused.stages.map(\.binding) == [.schedule, .step])
    // The embedding of the timestep and every modulation; then blocks, embedding and final layer.
    let linearCounts = fused.stages.map { $0.graph.opNames.count { $0 == "linear" } }
    #expect(linearCounts == [2 + 2 + 1, 2 * 4 + 1])

    var bindings = randomBindings(graph, seed: 6)
    bindings.step = 1
    let expected = try #require(Evaluator(graph: graph).evaluate(bindings)["latent"])
    var actual: [String: ReferenceTensor] = [:]
    for stage in fused.stages {
      bindings.inputs.merge(actual) { $1 }
      actual = try Evaluator(graph: stage.graph).evaluate(bindings)
    }
    let latent = try #require(actual["latent"])
    let largest = expected.values.map(abs).max() ?? 0
    let difference = zip(latent.values, expected.values).map { abs($0 - $1) }.max() ?? 0
    #expect(difference <= 1e-6 * largest)
  }

  @Test func `gradients are the same with and without the passes`() throws {
    let example = try ByHandExample()
    let graph = try differentiated(
      example.graph, loss: "loss", withRespectTo: ByHandExample.learnable)
    try expectCorrectPasses(on: graph, seed: 7)
  }

  @Test(arguments: 0..<60)
  func `every pass and the whole list keep the results of random transformers`(
    _ seed: UInt64
  ) throws {
    try expectCorrectPasses(on: randomTransformer(seed: seed), seed: seed)
  }

  @Test(arguments: 0..<60)
  func `every pass and the whole list keep the results of random graphs`(_ seed: UInt64) throws {
    try expectCorrectPasses(on: RandomGraph.make(seed: seed, opCount: 60), seed: seed)
  }

  /// A small transformer of random options, some of whose values are read from outside too.
  private func randomTransformer(seed: UInt64) throws -> Graph {
    var random = SeededGenerator(seed: seed)
    var dit = DiTGraph()
    dit.batch = Int.random(in: 1...3, using: &random)
    dit.channels = Int.random(in: 1...3, using: &random)
    dit.rows = Int.random(in: 1...3, using: &random)
    dit.columns = Int.random(in: 1...3, using: &random)
    dit.patch = Int.random(in: 1...2, using: &random)
    dit.heads = Int.random(in: 1...3, using: &random)
    dit.headWidth = dit.heads == 2 ? 6 : 4 * Int.random(in: 1...2, using: &random)
    dit.depth = Int.random(in: 1...2, using: &random)
    dit.isGuided = Bool.random(using: &random)
    dit.hasValue = Bool.random(using: &random)
    dit.hasProjection = Bool.random(using: &random)
    dit.activation = [.relu, .gelu, .geluTanh, .silu, .sin].randomElement(using: &random) ?? .relu
    dit.addsOne = Bool.random(using: &random)
    dit.hasNorm = Bool.random(using: &random)
    dit.hasGate = Bool.random(using: &random)
    var graph = try dit.build()
    for tap in 0..<Int.random(in: 0...6, using: &random) {
      let value = ValueID(Int.random(in: graph.nodes.indices, using: &random))
      graph.outputs.append(Output("tap\(tap)", value))
    }
    return graph
  }

  /// Expects each pass alone, a random part of the list and the whole list to keep the results, to
  /// find nothing more in what they made, and to give every node the origin of an old one.
  private func expectCorrectPasses(on graph: Graph, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    try #require(GraphVerifier.verify(graph).isEmpty)
    let graph = graph.compacted()
    let comparison = try ResultComparison(graph, seed: seed)
    let part = PassPipeline.all.filter { _ in Bool.random(using: &random) }
    for passes in PassPipeline.all.map({ [$0] }) + [part, PassPipeline.all] {
      let names = passes.map(\.name).joined(separator: ", ")
      let result = try PassPipeline.run(passes, on: graph, verifying: true)
      let again = try PassPipeline.run(passes, on: result.graph, verifying: true)
      #expect(again.graph.text == result.graph.text, "\(names) do more the second time")
      let repeated = try PassPipeline.run(passes, on: graph)
      #expect(repeated.graph.text == result.graph.text)
      #expect(repeated.made == result.made && repeated.refused == result.refused)
      #expect(
        Set(result.graph.nodes.map(\.origin)).isSubset(of: graph.nodes.map(\.origin)), "\(names)")
      #expect(result.graph.nodes.count <= graph.nodes.count, "\(names)")
      try comparison.expectEqual(result.graph)
    }
  }

  @Test(arguments: 0..<40)
  func `narrowing last changes types of random transformers and nothing else`(
    _ seed: UInt64
  ) throws {
    let graph = try randomTransformer(seed: seed).compacted()
    for passes in [PassPipeline.none, PassPipeline.all] {
      let wide = try PassPipeline.run(passes, on: graph).graph
      let result = try PassPipeline.run([.narrow], on: wide, verifying: true)
      #expect(try PassPipeline.run([.narrow], on: result.graph).graph == result.graph)
      #expect(result.graph.nodes.map(\.op) == wide.nodes.map(\.op))
      // Copying node by node keeps every type.
      #expect(try result.graph.rewritten { _, _, _ in nil } == result.graph)
      #expect(result.graph.nodes.map(\.type.shape) == wide.nodes.map(\.type.shape))
      #expect(result.graph.nodes.contains { $0.type.dtype == .bf16 })
      #expect(result.made.reduce(0) { $0 + $1.count } > 0)
    }
  }

  @Test func `narrowing keeps the residual stream and what is element-wise`() throws {
    let lowered = try DiTGraph().build()
    let graph = try PassPipeline.run(
      PassPipeline.all + [.narrow], on: lowered, verifying: true
    ).graph
    try ResultComparison(lowered, seed: 2).expectEqual(graph, relativeError: 0.05)
    for node in graph.nodes {
      switch node.op {
      case .normAffine, .attention: #expect(node.type.dtype == .bf16)
      case .linear(let epilogue) where epilogue.residual: #expect(node.type.dtype == .f32)
      case .linear, .patchLinear:
        #expect(graph[node.inputs[1]].type.dtype == .bf16)
      case .parameter: #expect((node.type.dtype == .bf16) == (node.type.shape.rank == 2))
      default: #expect(node.type.dtype == .f32)
      }
    }
  }

  @Test func `a pass that breaks an invariant is named`() throws {
    let broken = Pass(name: "broken", summary: "Renames an output.") {
      graph throws(GraphError) -> PassResult in
      var graph = graph
      graph.outputs.append(graph.outputs[0])
      return PassResult(graph: graph, made: [], refused: [])
    }
    let graph = try LoweredByHand.build()
    #expect {
      try PassPipeline.run([broken], on: graph, verifying: true)
    } throws: { error in
      "\(error)".contains("broken")
    }
  }
}

extension Graph {
  fileprivate var text: String { GraphPrinter.print(self).text }

  /// The names of all ops, sorted.
  fileprivate var opNames: [String] { nodes.map { OpInfo($0.op).name }.sorted() }
}
