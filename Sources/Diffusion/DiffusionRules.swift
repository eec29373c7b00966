import Diagnostics

/// The rules of this module.
package enum DiffusionRules {
  /// A model with a prompt needs one.
  package static let promptMissing = Rule(
    "run.prompt-missing", kind: .input, summary: "a model that reads a prompt is given one")
  /// A model with classes needs one.
  package static let labelMissing = Rule(
    "run.label-missing", kind: .input, summary: "a model that reads a label is given one")
  /// A prompt or a label that the model does not read.
  package static let unused = Rule(
    "run.unused-input", kind: .input, summary: "the model reads what it is given")
  /// A label that is no class.
  package static let label = Rule(
    "run.label-range", kind: .input, summary: "a label is the number of a class")
  /// Pictures that do not fit the model.
  package static let pixels = Rule(
    "run.pictures", kind: .input, summary: "the pictures given fit the model")
  /// Noise that does not fit the latent.
  package static let noise = Rule(
    "run.noise", kind: .input, summary: "the noise given fits the latent")
  /// A tensor that does not fit the graph.
  package static let tensor = Rule(
    "eval.tensor", kind: .input, summary: "the tensors given fit the graph")
  /// An entry that the model does not have.
  package static let entry = Rule(
    "eval.entry", kind: .usage, summary: "the model has the entry asked for")
  /// A model too large to trace.
  package static let traceSize = Rule(
    "trace.size", kind: .usage, summary: "a trace shows models of at most 4096 values a tensor")
  /// Memory that the system does not give.
  package static let memory = Rule(
    "run.memory", kind: .input, summary: "there is memory for what the plan says")
  /// Numbers that are not finite.
  package static let notFinite = Rule(
    "run.not-finite", kind: .input, summary: "results are finite")
}
