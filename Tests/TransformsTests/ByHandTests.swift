import GraphIR
import Reference
import Tensors
import Testing

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
}
