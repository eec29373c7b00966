import Diagnostics
import Documents

/// The presets that ship with the program: specs in the same grammar whose keys others override.
package enum Presets {
  private static let files: [(name: String, bytes: [UInt8])] = [
    ("dit", PackageResources.dit_yaml),
    ("dit-diffusers", PackageResources.dit_diffusers_yaml),
    ("dit-s", PackageResources.dit_s_yaml),
    ("dit-b", PackageResources.dit_b_yaml),
    ("dit-l", PackageResources.dit_l_yaml),
    ("dit-xl", PackageResources.dit_xl_yaml),
    ("dit-s-2", PackageResources.dit_s_2_yaml),
    ("dit-s-4", PackageResources.dit_s_4_yaml),
    ("dit-s-8", PackageResources.dit_s_8_yaml),
    ("dit-b-2", PackageResources.dit_b_2_yaml),
    ("dit-b-4", PackageResources.dit_b_4_yaml),
    ("dit-b-8", PackageResources.dit_b_8_yaml),
    ("dit-l-2", PackageResources.dit_l_2_yaml),
    ("dit-l-4", PackageResources.dit_l_4_yaml),
    ("dit-l-8", PackageResources.dit_l_8_yaml),
    ("dit-xl-2", PackageResources.dit_xl_2_yaml),
    ("dit-xl-4", PackageResources.dit_xl_4_yaml),
    ("dit-xl-8", PackageResources.dit_xl_8_yaml),
  ]

  /// The name of the preset that a denoiser has unless it names another.
  package static let defaultName = "dit"

  /// The presets' names, in the order of the reference.
  package static let names = files.map(\.name)

  /// The text of a preset; nil when there is none of that name.
  package static func text(named name: String) -> String? {
    files.first { $0.name == name }.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// What may be written for `preset`: the names, each with the comment that its text begins with,
  /// and `none`.
  package static let choices: [Choice] =
    files.map { file in
      Choice(file.name, leadingComment(of: String(decoding: file.bytes, as: UTF8.self)))
    } + [Choice("none", "No key is inherited.")]

  /// A preset's tree, those it builds on merged in; nil when there is none of that name.
  package static func tree(named name: String) -> DocumentNode? { trees[name] }

  private static let trees: [String: DocumentNode] = {
    var trees: [String: DocumentNode] = [:]
    // A preset builds only on one before it.
    for name in names {
      let document = parseYAML(text(named: name) ?? "", file: "preset \(name)")
      precondition(document.diagnostics.isEmpty, "preset \(name) is not YAML")
      guard let root = document.root else { continue }
      let base = root["preset"]?.text.flatMap { trees[$0] }
      trees[name] = root.mergingAutoencoderPreset().root
        .merged(over: base, Grammar.root, place: root.range)
    }
    return trees
  }()
}
