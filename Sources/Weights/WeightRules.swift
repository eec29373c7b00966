import Diagnostics

/// The rules of weight files.
package enum WeightRules {
  /// A weight file or folder cannot be read.
  package static let file = Rule(
    "weights.file", kind: .input,
    summary: "A weight file exists, can be read, and is of a kind that can be loaded.")
  /// A safetensors file is malformed.
  package static let safetensors = Rule(
    "weights.safetensors", kind: .input,
    summary: "A safetensors file has a valid header that covers the file exactly.")
  /// A layout is unknown.
  package static let layout = Rule(
    "weights.layout", kind: .spec, summary: "The layout of a weight file is a known one.")
  /// A file holds other tensors than the model.
  package static let fit = Rule(
    "weights.fit", kind: .input,
    summary: "A weight file fills every parameter of the model and holds nothing else.")
  /// A file has unequal copies of what the model has once.
  package static let copies = Rule(
    "weights.copies", kind: .input,
    summary: "A parameter that the blocks share has equal copies in the weight file.")
  /// A parameter has no value.
  package static let missing = Rule(
    "weights.missing", kind: .input,
    summary: "Every parameter has a value: in the spec, in a weight file, or a random one.")
  /// The seed of random weights is no number.
  package static let seed = Rule(
    "weights.seed", kind: .usage,
    summary: "The seed of random weights is a whole number below 2^64.")
  /// A file cannot be written.
  package static let write = Rule(
    "weights.write", kind: .input, summary: "A weight file can be written where it is asked for.")

  /// All of them.
  package static let all = [file, safetensors, layout, fit, copies, missing, seed, write]
}
