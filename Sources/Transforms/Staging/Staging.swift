import GraphIR
import Tensors

/// Splits a step graph by what its values depend on.
///
/// Values that read no input are computed once when the program is loaded, those that read the
/// prompt once per run, those that read the timestep once per run for all steps together, and those
/// that read the state in every step. A value that a later stage reads is carried there by name;
/// sources, and views of them, are repeated instead.
///
/// - Parameter graph: A graph of primitive ops.
/// - Returns: The stages; the last one has the graph's states and outputs.
/// - Throws: `GraphError` when a node is fused.
package func staged(_ graph: Graph) throws(GraphError) -> StagedGraph {
  var splitter = StageSplitter(graph)
  var stages: [Stage] = []
  for binding in Binding.allCases { stages.append(try splitter.stage(binding)) }
  return StagedGraph(stages.filter { !$0.graph.outputs.isEmpty })
}

/// The stages of one graph in the making.
private struct StageSplitter {
  let graph: Graph
  /// When each value is computed.
  let bindings: [Binding]
  /// Whether a value is repeated in each stage that reads it.
  let isRepeated: [Bool]
  /// The index under which a value is carried.
  let carriedIndex: [Int?]
  let stepCount: Int

  init(_ graph: Graph) {
    self.graph = graph
    let outputs = Set(graph.outputs.map(\.value))
    // Outputs belong to the last stage whatever they depend on.
    let bindings = zip(graph.values, graph.dependencies).map { value, dependencies in
      outputs.contains(value) ? Binding.step : dependencies.binding
    }
    var isRepeated: [Bool] = []
    var stepCount = 1
    for node in graph.nodes {
      switch node.op {
      case .input, .state, .parameter, .constant, .table: isRepeated.append(true)
      case .reshape: isRepeated.append(isRepeated[node.inputs[0].index])
      case .stepRow:
        stepCount = graph[node.inputs[0]].type.shape[0]
        isRepeated.append(graph[node.inputs[0]].inputs.isEmpty)
      default: isRepeated.append(false)
      }
    }
    var carriedIndex = [Int?](repeating: nil, count: graph.nodes.count)
    var isCarried = [Bool](repeating: false, count: graph.nodes.count)
    for value in graph.values {
      for input in graph[value].inputs
      where bindings[input.index] < bindings[value.index] && !isRepeated[input.index] {
        isCarried[input.index] = true
      }
    }
    var count = 0
    for value in graph.values where isCarried[value.index] {
      carriedIndex[value.index] = count
      count += 1
    }
    self.bindings = bindings
    self.isRepeated = isRepeated
    self.carriedIndex = carriedIndex
    self.stepCount = stepCount
  }

  /// The graph of one stage.
  mutating func stage(_ binding: Binding) throws(GraphError) -> Stage {
    var writer = StageWriter(splitter: self, binding: binding)
    for value in graph.values
    where bindings[value.index] == binding && !(isRepeated[value.index] && binding != .step) {
      let place = try writer.place(of: value)
      if let index = carriedIndex[value.index] {
        writer.builder.output("carried.\(index)", place)
      }
    }
    if binding == .step {
      for output in graph.outputs {
        writer.builder.output(
          output.name, try writer.place(of: output.value), isState: output.isState)
      }
    }
    return Stage(binding, writer.builder.graph.compacted())
  }
}

/// Emits the values of one stage.
private struct StageWriter {
  let splitter: StageSplitter
  let binding: Binding
  var builder: GraphBuilder
  private var places: [ValueID?]

  init(splitter: StageSplitter, binding: Binding) {
    self.splitter = splitter
    self.binding = binding
    builder = GraphBuilder(name: binding.rawValue)
    places = Array(repeating: nil, count: splitter.graph.nodes.count)
  }

  /// The value of this stage's graph that stands for a value of the whole graph.
  mutating func place(of value: ValueID) throws(GraphError) -> ValueID {
    if let place = places[value.index] { return place }
    let node = splitter.graph[value]
    builder.origin = node.origin
    let place = try emit(value, node)
    places[value.index] = place
    return place
  }

  private mutating func emit(_ value: ValueID, _ node: Node) throws(GraphError) -> ValueID {
    let own = splitter.bindings[value.index]
    if node.inputs.isEmpty { return builder.source(node.op, node.type) }
    if own == binding || splitter.isRepeated[value.index] {
      let isLifted = own == .schedule && binding == .schedule
      var inputs: [ValueID] = []
      for input in node.inputs { inputs.append(try place(of: input)) }
      builder.origin = node.origin
      return isLifted ? try lift(node, inputs) : try builder.append(node.op, inputs)
    }
    let name = "carried.\(splitter.carriedIndex[value.index] ?? -1)"
    guard own == .schedule else { return builder.input(name, node.type) }
    let table = builder.input(
      name, TensorType(node.type.dtype, Shape([splitter.stepCount] + node.type.shape.dimensions)))
    return try builder.append(.stepRow, [table])
  }

  /// The node for all steps at once: its result gains a leading axis of steps.
  private mutating func lift(_ node: Node, _ inputs: [ValueID]) throws(GraphError) -> ValueID {
    let operands = zip(node.inputs, inputs).map { original, place in
      LiftedOperand(
        value: place, dimensions: splitter.graph[original].type.shape.dimensions,
        isLifted: splitter.bindings[original.index] == .schedule)
    }
    return try builder.lifted(node, operands, stepCount: splitter.stepCount)
  }
}
