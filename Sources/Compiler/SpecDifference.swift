import Diagnostics
import GraphIR
import ModelSpec
import Schedules

/// What a change of a spec does: to its keys, its parameters, its numbers and its cost.
package struct SpecDifference: Sendable {
  /// How much a change matters, from least to most.
  package enum Class: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Nothing that a run, a training or a budget depends on.
    case none
    /// The same numbers; budgets or training differ.
    case cost
    /// The same weights, other numbers.
    case output
    /// Old weights no longer load.
    case weights

    /// Orders by how much a change matters.
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .none: 0
      case .cost: 1
      case .output: 2
      case .weights: 3
      }
    }
  }

  /// A figure of the plan before and after.
  package struct Figure: Sendable, Hashable {
    /// Its name, as in the JSON form of a plan.
    package var name: String
    /// Before.
    package var old: Int
    /// After.
    package var new: Int
  }

  /// The keys of the canonical form that differ, in its order.
  package let changes: [SpecChange]
  /// The parameters and buffers that differ.
  package let parameters: ParameterDifference
  /// The figures of a default run, changed or not.
  package let figures: [Figure]
  /// How much the change matters.
  package let changeClass: Class
  /// Why it is of that class: one sentence.
  package let explanation: String
  /// The first change that decides about the class; nil where none does.
  package let decisivePath: String?

  /// Compares two specs by their canonical forms, their parameters, their lowered graphs and their
  /// plans.
  ///
  /// - Throws: What compiling the specs throws.
  package init(from old: LoadedSpec, to new: LoadedSpec) throws(DiagnosticsError) {
    let before = try ComparedSpec(old)
    let after = try ComparedSpec(new)
    changes = old.spec.changes(to: new.spec)
    parameters = ParameterDifference(from: old.spec, to: new.spec)
    figures = zip(before.figures.compared, after.figures.compared).map {
      Figure(name: $0.name, old: $0.value, new: $1.value)
    }
    let obstacles = parameters.obstacles
    let graphs = before.graphNames(differingFrom: after)
    let inputs = changes.map(\.path).filter { !Self.isWithoutEffect($0) && !Self.isCost($0) }
    let costs = changes.map(\.path).filter(Self.isCost)
    decisivePath = inputs.first ?? costs.first
    if !obstacles.isEmpty {
      changeClass = .weights
      explanation = "old weights no longer load: " + obstacles.joined(separator: ", ")
    } else if !graphs.isEmpty {
      changeClass = .output
      explanation =
        "old weights load and give other numbers: graph"
        + (graphs.count == 1 ? " " : "s ") + listed(graphs, conjunction: "and")
        + (graphs.count == 1 ? " computes" : " compute") + " something else"
    } else if !inputs.isEmpty {
      changeClass = .output
      explanation =
        "old weights load and can give other numbers: the graphs are the same, but "
        + listed(inputs, limit: 3, conjunction: "and")
        + (inputs.count == 1 ? " changes" : " change") + " what they are given"
    } else if !costs.isEmpty {
      changeClass = .cost
      explanation =
        "old weights load and give the same numbers; "
        + listed(costs, limit: 3, conjunction: "and")
        + (costs.count == 1 ? " changes" : " change") + " budgets or training"
    } else {
      changeClass = .none
      explanation =
        changes.isEmpty
        ? "the canonical forms are equal"
        : "no number depends on " + listed(changes.map(\.path), limit: 3)
    }
  }

  private static func isWithoutEffect(_ path: String) -> Bool {
    ["name", "example.published"].contains(path) || path.hasPrefix("conditioning.label.names")
  }

  /// Whether a key decides about budgets or training alone, as long as the graphs are the same.
  private static func isCost(_ path: String) -> Bool {
    ["limits", "training"].contains(path.prefix { $0 != "." })
      || [
        "autoencoder.frozen", "conditioning.label.dropout", "conditioning.prompt.dropout",
      ].contains(path)
  }
}

/// One of two specs that are compared.
private struct ComparedSpec {
  var graphs: [Graph]
  var figures: PlanFigures

  init(_ loaded: LoadedSpec) throws(DiagnosticsError) {
    let compiler = try ModelCompiler(loaded)
    var compiled: [CompiledGraph] = []
    var stepCount = 1
    if loaded.spec.denoiser == nil {
      for name in ["encode", "decode"] {
        if let graph = try compiler.entry(name) { compiled.append(graph) }
      }
    } else {
      let model = try compiler.sampling()
      compiled = model.graphs
      stepCount = model.trajectory.timesteps.count
    }
    figures = try compiler.figures(of: compiled, stepCount: stepCount)
    let prediction = try compiler.located { () throws(GraphError) in
      try compiler.loweredPrediction()
    }
    graphs = (compiled.map(\.lowered) + [prediction].compactMap(\.self)).map(\.withoutOrigins)
  }

  /// The graphs that only one side has, or that are not the same.
  func graphNames(differingFrom other: ComparedSpec) -> [String] {
    let names = graphs.map(\.name)
    let added = other.graphs.map(\.name).filter { !names.contains($0) }
    return (names + added).filter { name in
      graphs.first { $0.name == name } != other.graphs.first { $0.name == name }
    }
  }
}

extension Graph {
  /// The graph without the keys that its nodes come from.
  fileprivate var withoutOrigins: Graph {
    var graph = self
    for index in nodes.indices { graph.nodes[index].origin = Origin("") }
    return graph
  }
}

extension PlanFigures {
  /// The figures that a review looks at.
  fileprivate var compared: [(name: String, value: Int)] {
    [
      ("parameters", parameters), ("macs", macs), ("macs_per_step", macsPerStep),
      ("arena_bytes", arenaBytes), ("carried_bytes", carriedBytes),
      ("weight_bytes", weightBytes), ("peak_memory_bytes", peakBytes),
    ]
  }
}
