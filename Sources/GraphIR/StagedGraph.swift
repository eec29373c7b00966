import Tensors

/// How often the values of a stage are computed.
package enum Binding: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Once, when the program is loaded: nothing but parameters and literals is read.
  case load
  /// Once per run: the prompt is read.
  case prompt
  /// Once per run, for all steps together: the timesteps are read.
  case schedule
  /// Every step: the latent is read.
  case step

  /// Orders by when a stage runs.
  package static func < (left: Self, right: Self) -> Bool { left.order < right.order }

  private var order: Int {
    switch self {
    case .load: 0
    case .prompt: 1
    case .schedule: 2
    case .step: 3
    }
  }
}

/// One part of a graph split by binding time.
package struct Stage: Sendable, Hashable {
  /// When it runs.
  package var binding: Binding
  /// What it computes.
  package var graph: Graph

  /// A stage.
  package init(_ binding: Binding, _ graph: Graph) {
    self.binding = binding
    self.graph = graph
  }
}

/// Graphs that run one after another and hand values on by name.
///
/// An output of a stage is *carried* when a later stage has an input of the same name and type;
/// any other output is a result. Inputs of one name in several stages are one tensor. A value with
/// a row per step is carried as `[steps, ...]` and read through `step_row`. States belong to the
/// stage of the binding `step`.
package struct StagedGraph: Sendable, Hashable {
  /// The stages in the order of their bindings, at most one for each.
  package var stages: [Stage]

  /// A graph of the given stages.
  package init(_ stages: [Stage]) { self.stages = stages }

  /// A graph that is one stage, run as a whole every time.
  package init(_ graph: Graph) { stages = [Stage(.step, graph)] }

  /// The stage of a binding, if there is one.
  package subscript(binding: Binding) -> Stage? { stages.first { $0.binding == binding } }

  /// The names and types of the carried values, in the order in which they are made.
  package var carried: [(name: String, type: TensorType)] {
    var result: [(name: String, type: TensorType)] = []
    for (index, stage) in stages.enumerated() {
      var wanted: Set<String> = []
      for later in stages[(index + 1)...] {
        for node in later.graph.nodes {
          if case .input(let name) = node.op { wanted.insert(name) }
        }
      }
      for output in stage.graph.outputs where !output.isState && wanted.contains(output.name) {
        result.append((output.name, stage.graph[output.value].type))
      }
    }
    return result
  }
}
