import GraphIR
import GraphSamples
import Kernels
import Planning
import Reference
import Runtime
import Tensors
import Testing
import Weights

/// Random tensors for everything that a graph reads.
struct SampleBindings {
  var inputs: [String: Tensor] = [:]
  var parameters: [String: Tensor] = [:]
  var states: [String: Tensor] = [:]

  /// Numbers in -1 ..< 1; ids within the tables that they index; parts of parameters of unequal
  /// rows.
  init(_ staged: StagedGraph, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let carried = Set(staged.carried.map(\.name))
    for stage in staged.stages {
      let graph = stage.graph
      var limits: [ValueID: Int] = [:]
      for node in graph.nodes where node.op == .gather {
        limits[node.inputs[1]] = graph[node.inputs[0]].type.shape[0]
      }
      for id in graph.values {
        let shape = graph[id].type.shape
        switch graph[id].op {
        case .input(let name) where inputs[name] == nil && !carried.contains(name):
          if graph[id].type.dtype == .i32 {
            let limit = limits[id] ?? 1
            inputs[name] = Tensor(
              ids: shape.dimensions,
              (0..<shape.elementCount).map { _ in Int.random(in: 0..<limit, using: &generator) })
          } else {
            inputs[name] = Tensor(shape.dimensions, generator.values(shape.elementCount))
          }
        case .state(let name):
          states[name] = Tensor(shape.dimensions, generator.values(shape.elementCount))
        case .parameter(let parts):
          for (index, name) in parts.enumerated() where parameters[name] == nil {
            var dimensions = shape.dimensions
            if parts.count > 1 {
              // Rows of the first parts are odd numbers where possible, so that panels are shared.
              let share = max(1, (shape[0] / parts.count - 1) | 1)
              dimensions[0] =
                index < parts.count - 1 ? share : shape[0] - share * (parts.count - 1)
            }
            let count = Shape(dimensions).elementCount
            // Fan-in keeps products of moderate size.
            let scale = 1 / Float(max(1, count / dimensions[0])).squareRoot()
            parameters[name] = Tensor(dimensions, generator.values(count).map { $0 * scale })
          }
        default: break
        }
      }
    }
  }

  /// An executable of the graph with these parameters, inputs and states.
  func executable(
    _ staged: StagedGraph, threads: Int = 2, row: KernelRow = .best
  ) throws -> Executable {
    let plan = StagedPlan(staged)
    for (stage, plan) in zip(staged.stages, plan.plans) {
      #expect(MemoryPlanVerifier.problems(of: plan, for: stage.graph) == [])
    }
    let pool = try #require(ThreadPool(threadCount: threads))
    let store = try weightStore()
    let executable = try Executable(staged, plan, weights: store, pool: pool, row: row)
    for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) {
      try executable.set(name, tensor)
    }
    for (name, tensor) in states.sorted(by: { $0.key < $1.key }) {
      try executable.setState(name, tensor)
    }
    return executable
  }

  /// A store of these parameters.
  func weightStore() throws -> WeightStore {
    let inline = parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    return WeightStore(try ParameterSource.open([], inline: inline, weights: nil))
  }

  /// What the naive evaluator makes of one step.
  func expected(_ graph: Graph, step: Int = 0) throws -> [String: Tensor] {
    try Evaluator(graph: graph).evaluate(
      inputs: inputs, parameters: parameters, states: states, step: step)
  }
}

/// `max |a - b| / max |b|`; infinite when shapes differ or a number is not finite.
func relativeError(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  var difference: Float = 0
  var largest: Float = 0
  for (x, y) in zip(a.values, b.values) {
    if !(x - y).isFinite { return .infinity }
    difference = max(difference, abs(x - y))
    largest = max(largest, abs(y))
  }
  return largest == 0 ? difference : difference / largest
}

/// Expects that one run of a graph gives what the naive evaluator gives.
func expectAgreement(
  _ graph: Graph, seed: UInt64 = 1, step: Int = 0, tolerance: Float = 1e-5, threads: Int = 2,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let staged = StagedGraph(graph)
  let bindings = SampleBindings(staged, seed: seed)
  let expected = try bindings.expected(graph, step: step)
  for row in KernelRow.supported {
    let executable = try bindings.executable(staged, threads: threads, row: row)
    try executable.prepare()
    executable.step(step)
    for output in graph.outputs {
      let value =
        try output.isState
        ? executable.state(output.name) : executable.output(output.name)
      let error = relativeError(value, try #require(expected[output.name]))
      #expect(
        error <= tolerance, "\(output.name) of \(graph.name), \(row.name)",
        sourceLocation: sourceLocation)
    }
  }
}
