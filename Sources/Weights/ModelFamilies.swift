import Documents

/// Kinds of models that a weight file is recognised as, by the names of its tensors.
enum ModelFamilies {
  private struct Family: Sendable {
    var name: String
    var patterns: [NamePattern]
  }

  /// The families of `Layouts/families.yaml`, in its order.
  private static let all: [Family] = {
    let text = String(decoding: PackageResources.families_yaml, as: UTF8.self)
    let document = parseYAML(text, file: "families")
    guard document.diagnostics.isEmpty, let entries = document.root?.entries else {
      preconditionFailure("malformed families: \(document.diagnostics)")
    }
    return entries.map { entry in
      Family(
        name: entry.key.text ?? "",
        patterns: (entry.value.elements ?? []).compactMap(\.text).map { NamePattern($0) })
    }
  }()

  /// The family of a file with tensors of these names, if it is known.
  static func name(ofTensors names: [String]) -> String? {
    all.first { family in
      family.patterns.allSatisfy { pattern in names.contains { pattern.matches($0) } }
    }?.name
  }
}
