import GraphIR
import Tensors

/// The memory of a staged graph: one arena that the stages use in turn, and what outlives them.
package struct StagedPlan: Sendable, Hashable {
  /// The plans of the stages, in their order.
  package var plans: [MemoryPlan]
  /// The weights of all stages, each once.
  package var weights: [StoredWeight]
  /// Bytes of the values that stages hand on.
  package var carriedByteCount: Int
  /// Bytes of what the caller sees: inputs, states and results.
  package var interfaceByteCount: Int

  /// Plans the memory of every stage.
  package init(_ staged: StagedGraph) {
    plans = staged.stages.map { MemoryPlan($0.graph) }
    var seen: Set<StoredWeight> = []
    weights = plans.flatMap(\.weights).filter { seen.insert($0).inserted }
    let tensors = NamedTensors(staged)
    carriedByteCount = tensors.carried.reduce(0) { $0 + alignedByteCount($1.type.byteCount) }
    interfaceByteCount = (tensors.inputs + tensors.states + tensors.results)
      .reduce(0) { $0 + alignedByteCount($1.type.byteCount) }
  }

  /// The size of the arena: that of the stage which needs most.
  package var arenaByteCount: Int { plans.reduce(0) { max($0, $1.arenaByteCount) } }

  /// The largest of the stages' lower bounds.
  package var lowerBoundByteCount: Int { plans.reduce(0) { max($0, $1.lowerBoundByteCount) } }

  /// The size of the kept weights.
  package var weightByteCount: Int { weights.reduce(0) { $0 + $1.byteCount } }
}

/// A tensor that has a name outside the graphs.
package struct NamedTensor: Sendable, Hashable {
  /// Its name.
  package var name: String
  /// Its type.
  package var type: TensorType

  /// A tensor of a name and a type.
  package init(name: String, type: TensorType) {
    self.name = name
    self.type = type
  }
}

/// The tensors that live outside the arena, by role; each name once within its role.
package struct NamedTensors: Sendable, Hashable {
  /// What the caller provides.
  package private(set) var inputs: [NamedTensor] = []
  /// What a step leaves for the next.
  package private(set) var states: [NamedTensor] = []
  /// What stages hand on.
  package private(set) var carried: [NamedTensor] = []
  /// What the caller reads; carried values are not repeated here.
  package private(set) var results: [NamedTensor] = []

  /// The tensors of a staged graph.
  package init(_ staged: StagedGraph) {
    carried = staged.carried.map { NamedTensor(name: $0.name, type: $0.type) }
    var resultNames = Set(carried.map(\.name))
    var inputNames = resultNames
    for stage in staged.stages {
      inputNames.formUnion(stage.graph.outputs.filter(\.isState).map(\.name))
    }
    var stateNames: Set<String> = []
    for stage in staged.stages {
      for node in stage.graph.nodes {
        if case .input(let name) = node.op, inputNames.insert(name).inserted {
          inputs.append(NamedTensor(name: name, type: node.type))
        }
        if case .state(let name) = node.op, stateNames.insert(name).inserted {
          states.append(NamedTensor(name: name, type: node.type))
        }
      }
      for output in stage.graph.outputs {
        let tensor = NamedTensor(name: output.name, type: stage.graph[output.value].type)
        if output.isState {
          if stateNames.insert(output.name).inserted { states.append(tensor) }
        } else if resultNames.insert(output.name).inserted {
          results.append(tensor)
        }
      }
    }
  }
}
