import GraphIR
import Lowering
import Tensors

/// The values of a trace.
package struct TraceResult: Sendable {
  /// The model's name.
  package var name: String
  /// The number of blocks.
  package var depth: Int
  /// What is shown, in order.
  package var probes: [Probe]
  /// The values, by the indices of the traced graph; nil for those that nothing shows.
  package var values: [Tensor?]
  /// Whether a value is given rather than computed, by index.
  package var given: [Bool]
  /// What is given beside the values, by step: words, vectors, the timestep.
  package var notes: [Role: String]
  /// The gradients of the learnable parameters; empty without training.
  package var gradients: [(name: String, value: Tensor)]
  /// The same parameters after one optimiser step.
  package var updated: [(name: String, value: Tensor)]
  /// The names, `step.name`, whose numbers the example's author published.
  package var published: Set<String>

  /// The value of a probe.
  package func value(of probe: Probe) -> Tensor { value(probe.value) }

  /// A value that something shows.
  package func value(_ id: ValueID) -> Tensor {
    values[id.index] ?? Tensor([], [0])
  }

  /// Whether a probe shows what is given.
  package func isGiven(_ probe: Probe) -> Bool { isGiven(probe.value) }

  /// Whether a value is given rather than computed.
  package func isGiven(_ id: ValueID) -> Bool { given[id.index] }
}
