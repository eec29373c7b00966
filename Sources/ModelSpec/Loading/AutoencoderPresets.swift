import Diagnostics
import Documents

/// The autoencoders that ship with the program: specs whose `autoencoder` others override.
package enum AutoencoderPresets {
  private static let files: [(name: String, bytes: [UInt8])] = [
    ("sd", PackageResources.autoencoder_sd_yaml),
    ("sdxl", PackageResources.autoencoder_sdxl_yaml),
    ("sd3", PackageResources.autoencoder_sd3_yaml),
    ("flux", PackageResources.autoencoder_flux_yaml),
    ("taesd", PackageResources.autoencoder_taesd_yaml),
    ("taesd-16", PackageResources.autoencoder_taesd_16_yaml),
  ]

  /// The presets' names, in the order of the reference.
  package static let names = files.map(\.name)

  /// The text of a preset's spec; nil when there is none of that name.
  package static func text(named name: String) -> String? {
    files.first { $0.name == name }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// The names, each with the comment that its text begins with.
  package static let choices: [Choice] = files.map { file in
    Choice(file.name, leadingComment(of: String(decoding: file.bytes, as: UTF8.self)))
  }

  /// The value of `autoencoder` in a preset's spec; nil when there is none of that name.
  package static func tree(named name: String) -> DocumentNode? { trees[name] }

  private static let trees: [String: DocumentNode] = Dictionary(
    uniqueKeysWithValues: names.compactMap { name in
      let document = parseYAML(text(named: name) ?? "", file: "autoencoder preset \(name)")
      precondition(document.diagnostics.isEmpty, "autoencoder preset \(name) is not YAML")
      return document.root?["autoencoder"].map { (name, $0) }
    })
}

/// The comment that a preset's text begins with, on one line.
func leadingComment(of text: String) -> String {
  text.split(separator: "\n").prefix { $0.hasPrefix("# ") }.map { $0.dropFirst(2) }
    .joined(separator: " ")
}

extension DocumentNode {
  /// The tree with what the preset of its `autoencoder` adds, and what is wrong with the preset's
  /// name.
  func mergingAutoencoderPreset() -> (root: DocumentNode, diagnostics: [Diagnostic]) {
    guard case .mapping(var entries) = kind,
      let index = entries.firstIndex(where: { $0.key.isText("autoencoder") }),
      let node = entries[index].value["preset"], let name = node.text, !name.isEmpty,
      let fallback = AutoencoderPresets.names.first
    else { return (self, []) }
    var diagnostics: [Diagnostic] = []
    var tree = AutoencoderPresets.tree(named: name)
    if tree == nil {
      tree = AutoencoderPresets.tree(named: fallback)
      diagnostics.append(
        unknownPreset(
          name, among: AutoencoderPresets.names, at: node.range, path: "autoencoder.preset"))
    }
    entries[index].value = entries[index].value.merged(
      over: tree, Grammar.autoencoder, place: node.range)
    var root = self
    root.kind = .mapping(entries)
    return (root, diagnostics)
  }
}

/// The problem of a preset that does not exist.
///
/// - Parameter others: What may stand there besides names of presets.
func unknownPreset(
  _ name: String, among names: [String], or others: [String] = [], at range: SourceRange,
  path: String
) -> Diagnostic {
  let match = nearestMatch(to: name, among: names)
  return Diagnostic(
    SpecRules.preset,
    "there is no preset `\(name)`" + (match.map { "; did you mean `\($0.name)`?" } ?? ""),
    help: "choose \(listed(names + others))", at: range, path: path, suggestion: match?.name,
    isSafe: match?.isClear == true)
}
