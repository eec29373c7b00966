import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing
import Transforms

/// Values of the timestep alone, computed for all steps together.
@Suite struct StepLiftingTests {
  @Test func `images of all steps are computed as those of each step`() throws {
    var random = SeededGenerator(seed: 5)
    func tensor(_ dimensions: [Int]) -> Tensor {
      Tensor(dimensions, random.values(Shape(dimensions).elementCount))
    }
    var builder = GraphBuilder(name: "step")
    let state = builder.source(.state("latent"), .f32([2, 3, 6, 10]))
    let table = builder.constant(tensor([4, 2, 4, 3, 5]))
    let image = try builder.append(.stepRow, [table])
    let norm = try builder.append(.groupNorm(groups: 2, epsilon: 1e-3), [image])
    let convolved = try builder.append(
      .convolution(Convolution(padding: [1, 1, 1, 1])),
      [norm, builder.parameter("w", [3, 4, 3, 3]), builder.parameter("b", [3])])
    let rows = try builder.append(.rmsNorm(epsilon: 1e-3), [convolved])
    let whole = try builder.append(.upsample(factor: 2), [rows])
    builder.output("latent", try builder.add(state, whole), isState: true)

    let graph = builder.graph
    let stages = try staged(graph)
    let parameters = ["w": tensor([3, 4, 3, 3]), "b": tensor([3])]
    var carried: [String: Tensor] = [:]
    for stage in stages.stages where stage.binding != .step {
      let results = try Evaluator(graph: stage.graph)
        .evaluate(inputs: carried, parameters: parameters)
      carried.merge(results) { _, new in new }
    }
    #expect(carried.count == 1)
    let step = try #require(stages[.step]).graph
    #expect(!step.nodes.contains { if case .convolution = $0.op { true } else { false } })
    let states = ["latent": tensor([2, 3, 6, 10])]
    for index in 0..<4 {
      let expected = try Evaluator(graph: graph)
        .evaluate(parameters: parameters, states: states, step: index)
      let found = try Evaluator(graph: step)
        .evaluate(inputs: carried, parameters: parameters, states: states, step: index)
      let (a, b) = (try #require(expected["latent"]), try #require(found["latent"]))
      #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) <= 1e-6 }, "step \(index)")
    }
  }

  @Test func `kernels that change with the step are refused`() throws {
    var builder = GraphBuilder(name: "step")
    let state = builder.source(.state("latent"), .f32([1, 2, 3, 3]))
    let kernels = try builder.append(
      .stepRow, [builder.constant(Tensor([2, 2, 2, 1, 1], [Float](repeating: 1, count: 8)))])
    let image = builder.constant(Tensor([1, 2, 3, 3], [Float](repeating: 1, count: 18)))
    let convolved = try builder.append(.convolution(Convolution()), [image, kernels])
    builder.output("latent", try builder.add(state, convolved), isState: true)
    #expect(throws: GraphError.self) { try staged(builder.graph) }
  }
}
