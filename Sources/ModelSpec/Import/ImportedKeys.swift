import Diagnostics
import Documents

/// Keys of a spec as a model folder says them, each at its place in a configuration.
package struct ImportedKeys: Sendable {
  /// Values by path, such as `diffusion.schedule.curve`.
  private var values: [String: DocumentNode] = [:]
  /// What is questionable in the configurations.
  package var warnings: [Diagnostic] = []

  /// No keys.
  package init() {}

  /// The paths, sorted.
  package var paths: [String] { values.keys.sorted() }

  /// The value of a path; nil when it has none.
  package subscript(path: String) -> DocumentNode? {
    get { values[path] }
    set { values[path] = newValue }
  }

  /// Takes a value that reads as it is written, such as a name or a number.
  package mutating func set(_ path: String, _ text: String, at range: SourceRange) {
    values[path] = DocumentNode(.scalar(text, .plain), at: range)
  }

  /// Adds other keys; where both have one, the other stays.
  package mutating func add(_ other: ImportedKeys) {
    values.merge(other.values) { $1 }
    warnings += other.warnings
  }

  /// The place of a path's value, else of what it is part of or of the first of its parts.
  package func place(of path: String) -> SourceRange? {
    var outer: Substring? = path[...]
    while let inner = outer {
      if let value = values[String(inner)] { return value.range }
      outer = inner.lastIndex(of: ".").map { inner[..<$0] }
    }
    let inner = values.keys.filter { $0.hasPrefix(path + ".") }.min()
    return inner.flatMap { values[$0]?.range }
  }

  /// The spec as a mapping whose keys stand in the order of the language.
  ///
  /// Keys that do not apply to the choices made say nothing and are left out; a mapping that is
  /// nothing but a choice becomes its name.
  package var spec: YAMLValue { tree(Grammar.root, at: "", range: nil).yamlValue(Grammar.root) }

  /// The values at and below a path as a mapping in the order of its keys.
  func tree(_ schema: MappingSchema, at prefix: String, range: SourceRange?) -> DocumentNode {
    let kind = schema.discriminator.flatMap { values[prefix + $0]?.text }
    var entries: [DocumentNode.Entry] = []
    for key in schema.keys {
      if let kind, !key.appliesTo.isEmpty, !key.appliesTo.contains(kind) { continue }
      let path = prefix + key.name
      if let value = values[path] {
        entries.append(entry(key, value))
      } else if let inner = key.value.mappingSchema,
        values.keys.contains(where: { $0.hasPrefix(path + ".") })
      {
        entries.append(entry(key, tree(inner, at: path + ".", range: range)))
      }
    }
    let place = range ?? entries.first?.value.range ?? nowhere
    return DocumentNode(.mapping(entries), at: place)
  }

  private func entry(_ key: KeySchema, _ value: DocumentNode) -> DocumentNode.Entry {
    DocumentNode.Entry(
      key: DocumentNode(.scalar(key.name, .plain), at: value.range), value: value)
  }

  private var nowhere: SourceRange {
    let start = SourcePosition(line: 1, column: 1)
    return SourceRange(file: "", start: start, end: start)
  }
}

extension DocumentNode {
  /// The value, to be written.
  func yamlValue(_ schema: MappingSchema? = nil) -> YAMLValue {
    switch kind {
    case .scalar(let text, .plain): .plain(plainNumber(text) ?? text)
    case .scalar(let text, .quoted): .text(text)
    case .sequence(let elements): .sequence(elements.map { $0.yamlValue() })
    case .mapping(let entries):
      if entries.count == 1, let schema, schema.acceptsName,
        entries[0].key.text == schema.discriminator
      {
        entries[0].value.yamlValue()
      } else {
        .mapping(
          entries.map { entry in
            let name = entry.key.text ?? ""
            return (name, entry.value.yamlValue(schema?.key(named: name)?.value.mappingSchema))
          })
      }
    }
  }

  /// A number with a fraction or an exponent as specs write it, such as `1e-5` for `1e-05`.
  private func plainNumber(_ text: String) -> String? {
    guard text.utf8.contains(where: { ".eE".utf8.contains($0) }), let value = Double(text),
      value.isFinite
    else { return nil }
    return shortestDecimal(value)
  }
}
