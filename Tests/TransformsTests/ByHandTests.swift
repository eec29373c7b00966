import GraphIR
import Reference
import Tensors
import Testing
import Transforms

/// The worked example against its published and chosen numbers.
@Suite struct ByHandTests {
  @Test func `every step has the numbers worked out by hand`() throws {
    let example = try ByHandExample()
    let values = try Evaluator(graph: example.graph)
      .evaluate(inputs: example.inputs, parameters: example.parameters)
    let expected: [String: Tensor] = [
      "encoded": Tensor([2, 4], [-1, 1, 1, 2, 2, 2, 3, 3]),
      "latent": Tensor([2, 4], [0, 1, 1, 2, 2, 2, 3, 3]),
      "noised": Tensor([2, 4], [1, 0, 2, 1, 3, 1, 3, 3]),
      "modulation": Tensor([4, 1], [2, -1, -1, 5]),
      "conditioned": Tensor([2, 4], [1, -1, 3, 1, 2, 4, 2, 2]),
      "pooled": Tensor([2, 4], [2, 4, 2, 1, 4, 4, 6, 2]),
      "predicted": Tensor([2, 4], [0, -2, 2, -1, 0, -2, 0, 1]),
      "difference": Tensor([2, 4], [-1, -1, 1, 0, -1, -1, 0, 1]),
      "loss": Tensor([], [0.75]),
      "denoised": Tensor([2, 4], [1, 2, 0, 2, 3, 3, 3, 2]),
      "pixels": Tensor([4, 4], [1, 2, 0, 2, 1, 0, 2, 0, 0, 0, 1, 0, 1, 2, 0, 2]),
    ]
    #expect(values == expected)
  }

  @Test func `the corrected modulation gives the corrected numbers`() throws {
    let example = try ByHandExample(corrected: true)
    let values = try Evaluator(graph: example.graph)
      .evaluate(inputs: example.inputs, parameters: example.parameters)
    #expect(values["modulation"] == Tensor([4, 1], [2, -1, 1, 5]))
    #expect(values["conditioned"] == Tensor([2, 4], [3, 1, 5, 3, 2, 4, 2, 2]))
    #expect(values["predicted"] == Tensor([2, 4], [-4, -6, -2, -3, -4, -6, -4, -1]))
    #expect(values["loss"] == Tensor([], [16.25]))
  }

  @Test func `the gradients are those worked out by hand`() throws {
    let example = try ByHandExample()
    let graph = try differentiated(
      example.graph, loss: "loss", withRespectTo: ByHandExample.learnable)
    #expect(GraphVerifier.verify(graph).map(\.description) == [])
    let values = try Evaluator(graph: graph)
      .evaluate(inputs: example.inputs, parameters: example.parameters)
    #expect(
      values["gradient.feed_forward.weight"] == Tensor([2, 2], [-1, -0.5, -1.25, -1.5]))
    #expect(values["gradient.feed_forward.bias"] == Tensor([2], [-0.25, -0.25]))
    // The outer product with the condition vector.
    let modulation: [Float] = [1.75, -2, 1.25, -0.5]
    let condition: [Float] = [0, 1, -1, 1, 1]
    let outer = modulation.flatMap { row in condition.map { row * $0 } }
    #expect(values["gradient.modulation.weight"] == Tensor([4, 5], outer))
    #expect(values["gradient.modulation.bias"] == Tensor([4], modulation))
  }

  @Test func `one step of gradient descent lowers the loss as published`() throws {
    let example = try ByHandExample()
    let graph = try differentiated(
      example.graph, loss: "loss", withRespectTo: ByHandExample.learnable)
    let evaluator = Evaluator(graph: graph)
    let gradients = try evaluator.evaluate(
      inputs: example.inputs, parameters: example.parameters)
    var updated = example.parameters
    for name in ByHandExample.learnable {
      let gradient = try #require(gradients["gradient.\(name)"])
      let values = try #require(example.parameters[name]).values
      updated[name]?.values = zip(values, gradient.values).map { $0 - $1 / 256 }
    }
    let bindings = Evaluator.Bindings(inputs: example.inputs, parameters: updated)
    let loss = try #require(try evaluator.evaluate(bindings)["loss"])
    #expect(loss.values == [5_512_675_984_961 / 8_796_093_022_208])
  }

  @Test func `frozen layers have no gradient nodes`() throws {
    let example = try ByHandExample()
    let graph = try differentiated(
      example.graph, loss: "loss", withRespectTo: ["feed_forward.bias"])
    let appended = graph.nodes[example.graph.nodes.count...]
    #expect(!appended.contains { if case .matmul = $0.op { true } else { false } })
  }
}
