import Documents
import ModelSpec

extension KeySchema {
  /// What is taken without the key: `required`, the table's default, or the mapping that the
  /// default preset gives.
  func defaultText(in mapping: MappingSchema) -> String {
    switch presence {
    case .required: return "required"
    case .defaulted(.name(let name)): return "`\(name)`"
    case .defaulted(.numbers(let values)):
      return "`[\(values.compactMap(shortestDecimal).joined(separator: ", "))]`"
    case .defaulted(let value): return "`\(value.json.text(pretty: false))`"
    case .derived(let sentence):
      guard let value = presetValues["\(mapping.name).\(name)"] else { return sentence }
      let preset = "`\(value.flowText)` of the preset `\(Presets.defaultName)`"
      return sentence == "of the preset" ? preset : "\(preset); without it \(sentence)"
    }
  }
}

/// The mappings that the default preset gives, by mapping and key, as in `conditioning.timestep`.
private let presetValues: [String: DocumentNode] = {
  var values: [String: DocumentNode] = [:]
  func visit(_ node: DocumentNode, _ mapping: MappingSchema) {
    for key in mapping.keys {
      guard let value = node[key.name] else { continue }
      guard let inner = key.value.mappingSchema, value.entries != nil else { continue }
      values["\(mapping.name).\(key.name)"] = value
      visit(value, inner)
    }
  }
  if let tree = Presets.tree(named: Presets.defaultName) { visit(tree, Grammar.root) }
  return values
}()

extension DocumentNode {
  /// The node as YAML on one line.
  fileprivate var flowText: String {
    switch kind {
    case .scalar(let text, _): text
    case .sequence(let elements): "[\(elements.map(\.flowText).joined(separator: ", "))]"
    case .mapping(let entries):
      "{\(entries.map { "\($0.key.text ?? ""): \($0.value.flowText)" }.joined(separator: ", "))}"
    }
  }
}
