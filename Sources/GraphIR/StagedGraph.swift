import Tensors

/// How often the values of a stage are computed.
package enum Binding: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Once, when the program is loaded: nothing but parameters and literals is read.
  case load
  /// Once per run: the prompt is read.
  case prompt
  /// Once per run, for all steps together: the timesteps are read.
  case schedule
  /// Every step, before it is known whether the middle of the step is skipped.
  case first
  /// The middle of a step that is not skipped.
  case rest
  /// What stands for the middle of a step that is skipped.
  case reuse
  /// Every step: the latent is read.
  case step

  /// Orders by when a stage runs.
  package static func < (left: Self, right: Self) -> Bool { left.order < right.order }

  private var order: Int {
    switch self {
    case .load: 0
    case .prompt: 1
    case .schedule: 2
    case .first: 3
    case .rest: 4
    case .reuse: 5
    case .step: 6
    }
  }

  /// Whether a step runs it where nothing is skipped.
  package var isInStep: Bool {
    switch self {
    case .first, .rest, .step: true
    case .load, .prompt, .schedule, .reuse: false
    }
  }
}

/// The names of the values with which a step can be skipped in part.
///
/// A step graph with an output `change` splits in three: what `change` and the values carried from
/// there need, the middle, and the rest. The middle ends in the value from which `kept` is
/// subtracted; a skipped step adds what was kept to the value that the middle begins with.
package enum SkippedMiddle {
  /// A number: how far `first` has moved since the last step that was not skipped, relative to it.
  package static let change = "cache.change"
  /// A state that a skipped step leaves: what `change` compares.
  package static let first = "cache.first"
  /// The end of the middle less its beginning.
  package static let kept = "cache.rest"
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
/// An output of a stage is *carried* when another stage has an input of the same name and type; any
/// other output is a result. Two stages of which a step runs one may give the same one. Inputs of
/// one name in several stages are one tensor. A value with a row per step is carried as
/// `[steps, ...]` and read through `step_row`. States belong to the stage of the binding `step`; an
/// input of another stage with a state's name is the state.
package struct StagedGraph: Sendable, Hashable {
  /// The stages in the order of their bindings, at most one for each.
  package var stages: [Stage]

  /// A graph of the given stages.
  package init(_ stages: [Stage]) { self.stages = stages }

  /// A graph that is one stage, run as a whole every time.
  package init(_ graph: Graph) { stages = [Stage(.step, graph)] }

  /// The stage of a binding, if there is one.
  package subscript(binding: Binding) -> Stage? { stages.first { $0.binding == binding } }

  /// What a step runs where nothing is skipped, in order.
  package var stepStages: [Stage] { stages.filter(\.binding.isInStep) }

  /// The names and types of the carried values, in the order in which they are made.
  package var carried: [(name: String, type: TensorType)] {
    var result: [(name: String, type: TensorType)] = []
    var seen: Set<String> = []
    for (index, stage) in stages.enumerated() {
      var wanted: Set<String> = []
      for (other, reader) in stages.enumerated() where other != index {
        for node in reader.graph.nodes {
          if case .input(let name) = node.op { wanted.insert(name) }
        }
      }
      for output in stage.graph.outputs
      where !output.isState && wanted.contains(output.name) && seen.insert(output.name).inserted {
        result.append((output.name, stage.graph[output.value].type))
      }
    }
    return result
  }
}
