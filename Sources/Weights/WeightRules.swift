import Diagnostics

/// The rules of weight files.
package enum WeightRules {
  /// A weight file or folder cannot be read.
  package static let file = Rule(
    "weights.file", kind: .input,
    summary: "A weight file exists, can be read, and is of a kind that can be loaded.",
    explanation: """
      Weights are a safetensors file, a folder of them with an index, or a diffusers folder. A
      pickle checkpoint can run code when it is opened, so that it is refused with the way to
      convert it.
      """,
    failing: "ditharos run model.yaml --weights model.ckpt",
    fixed: "ditharos run model.yaml --weights model.safetensors")
  /// A safetensors file is malformed.
  package static let safetensors = Rule(
    "weights.safetensors", kind: .input,
    summary: "A safetensors file has a valid header that covers the file exactly.",
    explanation: """
      The header of a safetensors file says where each tensor lies. Offsets that overlap, leave
      gaps or pass the end mean that the file is damaged or was cut short by a download.
      """,
    failing: "ditharos run model.yaml --weights half-downloaded.safetensors",
    fixed: "ditharos run model.yaml --weights model.safetensors")
  /// An index of shards is malformed, or its files are not what it says.
  package static let index = Rule(
    "weights.index", kind: .input,
    summary: "An index of split weights places every tensor in a file beside it.",
    explanation: """
      Large models are split into several safetensors files; an index says which file holds
      which tensor. A file that is missing, that lies elsewhere, or that holds other tensors means
      that the download is incomplete or mixes two revisions.
      """,
    failing: """
      {"weight_map": {"proj_out_2.bias": "../other/model-00001-of-00002.safetensors"}}
      """,
    fixed: """
      {"weight_map": {"proj_out_2.bias": "model-00001-of-00002.safetensors"}}
      """)
  /// A layout is unknown.
  package static let layout = Rule(
    "weights.layout", kind: .spec,
    summary: "The layout of a weight file is a known one.",
    explanation: """
      Each family of checkpoints has its own names for the same parameters. The layout says
      which names the file uses.
      """,
    failing: "weights: {layout: difusers}",
    fixed: "weights: {layout: diffusers}")
  /// A file holds other tensors than the model.
  package static let fit = Rule(
    "weights.fit", kind: .input,
    summary: "A weight file fills every parameter of the model and holds nothing else.",
    explanation: """
      A tensor that is missing, left over or of another shape means that the file belongs to
      another model, and a model filled in part makes noise. The message lists what differs and
      where the spec sets it.
      """,
    failing: "depth: 11",
    fixed: "depth: 12")
  /// A file has unequal copies of what the model has once.
  package static let copies = Rule(
    "weights.copies", kind: .input,
    summary: "A parameter that the blocks share has equal copies in the weight file.",
    explanation: """
      Some checkpoints store once per block what the spec says the blocks share. Copies that
      differ cannot be loaded as one: the blocks do not share it after all.
      """,
    failing: "  embedders: shared",
    fixed: "  embedders: per_block")
  /// A parameter has no value.
  package static let missing = Rule(
    "weights.missing", kind: .input,
    summary: "Every parameter has a value: in the spec, in a weight file, or a random one.",
    explanation: """
      A model runs only when every parameter has a value. `random:0` gives random ones, to
      measure with.
      """,
    failing: "ditharos run Specs/dit-s-2.yaml --label 207",
    fixed: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0")
  /// The seed of random weights is no number.
  package static let seed = Rule(
    "weights.seed", kind: .usage,
    summary: "The seed of random weights is a whole number below 2^64.",
    explanation: """
      The seed makes random weights the same on every machine. It is a whole number below 2^64.
      """,
    failing: "ditharos run model.yaml --weights random:one",
    fixed: "ditharos run model.yaml --weights random:1")
  /// All of them.
  package static let all = [file, safetensors, index, layout, fit, copies, missing, seed]
}
