import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing

/// A graph, random values for its sources, and what it makes of them.
struct ResultComparison {
  private let graph: Graph
  private let bindings: Evaluator.Bindings
  private let expected: [String: ReferenceTensor]

  /// The results of a graph.
  init(_ graph: Graph, seed: UInt64) throws {
    self.graph = graph
    bindings = randomBindings(graph, seed: seed)
    expected = try Evaluator(graph: graph).evaluate(bindings)
  }

  /// Expects that another graph of the same sources has the same outputs.
  func expectEqual(_ other: Graph, relativeError: Double = 1e-6) throws {
    let actual = try Evaluator(graph: other).evaluate(bindings)
    #expect(graph.outputs.map(\.name) == other.outputs.map(\.name))
    for output in graph.outputs {
      let a = try #require(actual[output.name])
      let b = try #require(expected[output.name])
      #expect(a.shape == b.shape)
      // Values that are not finite must be so in the same places.
      #expect(a.values.map(\.isFinite) == b.values.map(\.isFinite))
      let finite = b.values.indices.filter { b.values[$0].isFinite }
      let largest = finite.map { abs(b.values[$0]) }.max() ?? 0
      let difference = finite.map { abs(a.values[$0] - b.values[$0]) }.max() ?? 0
      #expect(difference <= relativeError * max(largest, 1e-30), "\(output.name) differs")
    }
  }
}

/// Random values of moderate size for every source of a graph; ids are 0.
func randomBindings(_ graph: Graph, seed: UInt64) -> Evaluator.Bindings {
  var random = SeededGenerator(seed: seed)
  var inputs: [String: Tensor] = [:]
  var parameters: [String: Tensor] = [:]
  var states: [String: Tensor] = [:]
  for node in graph.nodes {
    let count = node.type.shape.elementCount
    let isInteger = node.type.dtype == .i32
    func tensor() -> Tensor {
      Tensor(node.type, isInteger ? Array(repeating: 0, count: count) : random.values(count))
    }
    switch node.op {
    case .input(let name): inputs[name] = tensor()
    case .state(let name): states[name] = tensor()
    case .parameter(let parts):
      guard parts.count == 1, parameters[parts[0]] == nil else { continue }
      parameters[parts[0]] = tensor()
    default: continue
    }
  }
  return Evaluator.Bindings(inputs: inputs, parameters: parameters, states: states)
}
