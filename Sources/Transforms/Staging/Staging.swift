import GraphIR
import Tensors

/// Splits a step graph by what its values depend on.
///
/// Values that read no input are computed once when the program is loaded, those that read the
/// prompt once per run, those that read the timestep once per run for all steps together, and those
/// that read the state in every step. A value that a later stage reads is carried there by name;
/// sources, and views of them, are repeated instead, and a permutation is left to the stage that
/// reads it.
///
/// - Parameter graph: A graph of primitive ops.
/// - Returns: The stages; the last one has the graph's states and outputs.
/// - Throws: `GraphError` when a node is fused, or a middle is not what can be skipped.
package func staged(_ graph: Graph) throws(GraphError) -> StagedGraph {
  var splitter = try StageSplitter(graph)
  var stages: [Stage] = []
  for binding in Binding.allCases {
    stages.append(
      binding == .reuse ? try splitter.reusingStage() : try splitter.stage(binding))
  }
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
  /// What can be skipped; nil without.
  let middle: Middle?

  init(_ graph: Graph) throws(GraphError) {
    self.graph = graph
    let outputs = Set(graph.outputs.map(\.value))
    // Outputs belong to the last stage whatever they depend on.
    var bindings = zip(graph.values, graph.dependencies).map { value, dependencies in
      outputs.contains(value) ? Binding.step : dependencies.binding
    }
    middle = try Middle(graph)
    if let middle {
      for (binding, ends) in [(Binding.rest, [middle.kept]), (.first, middle.beginning)] {
        let needed = graph.ancestors(of: ends)
        for value in graph.values
        where needed[value.index] && (bindings[value.index] >= .first) {
          bindings[value.index] = binding
        }
      }
    }
    Self.delayPermutations(of: graph, &bindings)
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
        if bindings[input.index] == .rest, input != middle?.end {
          throw GraphError("a middle that is skipped ends in several values")
        }
      }
    }
    if let middle {
      for value in [middle.first, middle.start, middle.end] { isCarried[value.index] = true }
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

  /// Moves permutations outside the step to the first stage that reads them.
  ///
  /// As many values are carried either way, and a kernel that reads heads takes the permutation in.
  private static func delayPermutations(of graph: Graph, _ bindings: inout [Binding]) {
    var firstReader = [Binding?](repeating: nil, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated().reversed() {
      if case .permute = node.op, bindings[index] < .first, let reader = firstReader[index] {
        bindings[index] = reader
      }
      for input in node.inputs {
        firstReader[input.index] = min(firstReader[input.index] ?? bindings[index], bindings[index])
      }
    }
  }

  /// The graph that stands for the middle of a step that is skipped; empty without a middle.
  mutating func reusingStage() throws(GraphError) -> Stage {
    var builder = GraphBuilder(name: Binding.reuse.rawValue)
    if let middle {
      builder.origin = graph[middle.end].origin
      let start = builder.input(carriedName(middle.start), graph[middle.start].type)
      let kept = builder.input(SkippedMiddle.kept, graph[middle.kept].type)
      builder.output(carriedName(middle.end), try builder.add(start, kept))
    }
    return Stage(.reuse, builder.graph)
  }

  /// The name under which a value is carried.
  func carriedName(_ value: ValueID) -> String { "carried.\(carriedIndex[value.index] ?? -1)" }

  /// The outputs of the graph that a stage gives.
  private func outputs(of binding: Binding) -> [Output] {
    guard middle != nil else { return binding == .step ? graph.outputs : [] }
    return graph.outputs.compactMap { output in
      switch output.name {
      case SkippedMiddle.change: binding == .first ? output : nil
      // Carried to the next step, in which another stage reads it.
      case SkippedMiddle.first: binding == .rest ? Output(output.name, output.value) : nil
      case SkippedMiddle.kept: binding == .rest ? output : nil
      default: binding == .step ? output : nil
      }
    }
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
    for output in outputs(of: binding) {
      writer.builder.output(
        output.name, try writer.place(of: output.value), isState: output.isState)
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
    if case .state(let name) = node.op, binding != .step { return builder.input(name, node.type) }
    if node.inputs.isEmpty { return builder.source(node.op, node.type) }
    if own == binding || splitter.isRepeated[value.index] {
      let isLifted = own == .schedule && binding == .schedule
      var inputs: [ValueID] = []
      for input in node.inputs { inputs.append(try place(of: input)) }
      builder.origin = node.origin
      return isLifted ? try lift(node, inputs) : try builder.append(node.op, inputs)
    }
    let name = splitter.carriedName(value)
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

/// The values at which the middle of a step begins and ends.
private struct Middle {
  /// Where it begins.
  let start: ValueID
  /// Where it ends.
  let end: ValueID
  /// The end less the start.
  let kept: ValueID
  /// What is compared from step to step.
  let first: ValueID
  /// What is needed before it is known whether it is skipped.
  let beginning: [ValueID]

  /// The middle of a graph; nil where it has none.
  ///
  /// - Throws: `GraphError` when the outputs do not say where it begins and ends.
  init?(_ graph: Graph) throws(GraphError) {
    guard let change = graph.output(named: SkippedMiddle.change) else { return nil }
    guard let kept = graph.output(named: SkippedMiddle.kept),
      let first = graph.output(named: SkippedMiddle.first),
      case .binary(.subtract) = graph[kept].op
    else { throw GraphError("a graph says what changes, but not what can be skipped") }
    self.kept = kept
    self.first = first
    end = graph[kept].inputs[0]
    start = graph[kept].inputs[1]
    beginning = [change, first, start]
  }
}

extension Graph {
  /// Whether each value is one of the given or an operand of theirs, at any distance.
  fileprivate func ancestors(of ends: [ValueID]) -> [Bool] {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    for end in ends { isNeeded[end.index] = true }
    for (index, node) in nodes.enumerated().reversed() where isNeeded[index] {
      for input in node.inputs { isNeeded[input.index] = true }
    }
    return isNeeded
  }
}
