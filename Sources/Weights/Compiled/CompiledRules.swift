import Diagnostics

/// The rules of compiled models, which are `.ditc` files.
package enum CompiledRules {
  /// A file that is no compiled model, or is not as it was written.
  package static let format = Rule(
    "ditc.format", kind: .input,
    summary: "A compiled model is whole, and its index is as it was written.",
    explanation: """
      A `.ditc` file begins with a header, the spec and an index of the weights, which a checksum
      covers. Whatever is read from it is checked, so that a file that was cut short, damaged, or
      is no compiled model at all is refused before anything of it is used.
      """,
    failing: "ditharos run half-copied.ditc --label 207",
    fixed: "ditharos run model.ditc --label 207")
  /// A file in a later version of the format.
  package static let version = Rule(
    "ditc.version", kind: .input,
    summary: "A compiled model is in a version of the format that this program reads.",
    explanation: """
      The format has a version, which grows when a file of it would be misread by an earlier
      program. A compiled model is made from a spec and weights in seconds, so that earlier
      versions are not read either: compile it again.
      """,
    failing: "ditharos run from-a-later-version.ditc --label 207",
    fixed: "ditharos compile model.yaml --weights w.safetensors -o model.ditc")
  /// Weights that are less precise than asked for.
  package static let precision = Rule(
    "ditc.precision", kind: .input,
    summary: "A compiled model holds its weights at least as precisely as they are to be used.",
    explanation: """
      A model compiled with `--precision bf16` holds rounded weights, which cannot be had back.
      Without `--precision` a compiled model runs as it was compiled; one in f32 can also be run
      in bf16, for which its weights are rounded again at each start.
      """,
    failing: "ditharos run compiled-with-bf16.ditc --label 207 --precision f32",
    fixed: "ditharos run compiled-with-bf16.ditc --label 207")
  /// Bytes that are not as they were written.
  package static let damage = Rule(
    "ditc.damage", kind: .input,
    summary: "Every byte of a compiled model is as it was written.",
    explanation: """
      `compile --verify` reads the whole file and compares each weight with its checksum. A run
      does not, since that would read what it may never use: a damaged disk or a bad copy
      then shows in the pictures alone.
      """,
    failing: "ditharos compile --verify damaged.ditc",
    fixed: "ditharos compile model.yaml --weights w.safetensors -o model.ditc")
  /// A spec that is too large for a compiled model.
  package static let spec = Rule(
    "ditc.spec", kind: .spec,
    summary: "The canonical text of a spec is at most 1 MiB.",
    explanation: """
      A compiled model holds the text that `expand` prints, and reading it again must keep to the
      limits of specs. A spec that is larger holds values that belong into a weight file.
      """,
    failing: "parameters: {a.weight: [[0.1, 0.2, 0.3]]}   # and a million more numbers",
    fixed: "weights: {layout: ditharos, file: weights.safetensors}")

  /// All of them.
  package static let all = [format, version, precision, damage, spec]
}

/// Why a file is refused as a compiled model.
struct CompiledFileError: Error {
  /// The rule broken.
  var rule = CompiledRules.format
  /// What is wrong, to follow the file's name.
  var message: String
  /// What to do about it.
  var help = "make it again with `ditharos compile SPEC --weights W -o FILE.ditc`"

  /// An error of the format.
  init(_ message: String) { self.message = message }

  /// An error of a rule.
  init(_ rule: Rule, _ message: String, help: String) {
    self.rule = rule
    self.message = message
    self.help = help
  }
}
