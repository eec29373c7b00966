import Diagnostics
import Documents

extension Grammar {
  /// Every mapping type of the language once, each before those that it holds.
  package static var mappings: [MappingSchema] {
    var found: [MappingSchema] = []
    func visit(_ schema: MappingSchema) {
      if found.contains(where: { $0.name == schema.name }) { return }
      found.append(schema)
      for key in schema.keys { visit(key.value) }
    }
    func visit(_ value: ValueSchema) {
      switch value {
      case .mapping(let schema): visit(schema)
      case .optional(let inner), .list(let inner, _), .dictionary(let inner): visit(inner)
      case .anyOf(let values): for inner in values { visit(inner) }
      case .integer, .number, .boolean, .choice, .text, .quantity, .numbers: break
      }
    }
    visit(root)
    return found
  }

  /// What is wrong with a YAML value as the value of a key.
  ///
  /// - Parameter text: The value as it is written after the colon.
  package static func problems(with text: String, as key: KeySchema) -> [Diagnostic] {
    let document = parseYAML("\(key.name): \(text)", file: key.name)
    guard let root = document.root, document.diagnostics.isEmpty else {
      return document.diagnostics
    }
    let schema = MappingSchema("value", "A value.", keys: [key])
    var checker = SchemaChecker()
    let merged = root.merged(over: nil, schema, place: root.range)
    _ = checker.check(merged, schema, place: root.range, path: "")
    return checker.diagnostics
  }
}
