import Diagnostics
import Documents

extension SchemaChecker {
  mutating func reportNumber(
    _ text: String, _ style: DocumentNode.Style, _ schema: ValueSchema, decimal: String?,
    at range: SourceRange, path: String
  ) {
    let shown = style == .quoted ? "the string \"\(text)\"" : "`\(text)`"
    report(
      decimal == nil ? SpecRules.type : SpecRules.scalar,
      "`\(lastName(path))` is \(shown), expected \(schema.expectation)",
      help: decimal.map { "write \($0)" }, at: range, path: path, suggestion: decimal,
      isSafe: !hasTwoReadings(text))
  }

  mutating func reportType(_ node: DocumentNode, _ schema: ValueSchema, path: String) {
    report(
      SpecRules.type,
      "`\(lastName(path))` is \(found(node)), expected \(schema.expectation)", at: node.range,
      path: path)
  }

  /// Reports a key that the grammar does not know.
  ///
  /// - Parameter entries: The mapping that it stands in.
  mutating func reportUnknownKey(
    _ key: DocumentNode, beside entries: [DocumentNode.Entry], in schema: MappingSchema,
    kind: String??, path: String
  ) {
    // Distances to very many unknown keys would take long.
    guard diagnostics.count < diagnosticLimit else { return }
    let name = key.text ?? ""
    let names = schema.keys.filter { applies($0, to: kind) }.map(\.name)
    let synonym = Grammar.synonyms[name].flatMap { names.contains($0) ? $0 : nil }
    let match = synonym == nil ? nearestMatch(to: name, among: names) : nil
    let nearest = synonym ?? match?.name
    // Two keys of one name would be no repair.
    let isFree = !entries.contains { !$0.value.isInherited && $0.key.text == nearest }
    if let nearest { misspelled.insert(path.dropLast(name.count) + nearest) }
    report(
      SpecRules.unknownKey,
      "unknown key `\(name)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
      help: nearest == nil ? misplacement(of: name, in: schema, names) : keyList(schema, names),
      at: key.range,
      path: path, suggestion: isFree ? nearest : nil, isSafe: match?.isClear == true)
  }

  private func keyList(_ schema: MappingSchema, _ names: [String]) -> String {
    "`\(schema.name)` has the keys \(listed(names, limit: 40, conjunction: "and"))"
  }

  /// What to do about a key that is like none of its mapping: where it belongs, if anywhere.
  private func misplacement(
    of name: String, in schema: MappingSchema, _ names: [String]
  ) -> String {
    if name == "file", ["autoencoder", "diffusion"].contains(schema.name) {
      return "`file` stands alone: it names the file that holds all of `\(schema.name)`"
    }
    if schema.name != Grammar.root.name, Grammar.root.key(named: name) != nil {
      return "`\(name)` is a key of the spec itself, at the start of a line"
    }
    let homes = Grammar.root.keys.filter {
      $0.value.mappingSchema?.key(named: name) != nil && $0.name != schema.name
    }.map(\.name)
    return homes.isEmpty
      ? keyList(schema, names) : "`\(name)` is a key of \(listed(homes)): indent it there"
  }

  mutating func reportInapplicable(
    _ key: KeySchema, at range: SourceRange, _ schema: MappingSchema, kind: String??, path: String
  ) {
    let discriminator = schema.discriminator ?? ""
    let given = (kind ?? nil) ?? ""
    report(
      SpecRules.inapplicableKey,
      "`\(key.name)` does not apply with `\(discriminator): \(given)`",
      help: "it applies with \(listed(key.appliesTo.map { "\(discriminator): \($0)" }))", at: range,
      path: path)
  }

  mutating func reportContradiction(
    _ first: DocumentNode, _ second: DocumentNode, path: String
  ) {
    let inOrder = first.range.start < second.range.start ? (first, second) : (second, first)
    let (earlier, later) = (inOrder.0.text ?? "", inOrder.1.text ?? "")
    report(
      SpecRules.contradiction, "`\(later)` contradicts `\(earlier)`: write one of the two",
      at: inOrder.1.range, path: path.isEmpty ? later : "\(path).\(later)",
      related: [Diagnostic.Related(inOrder.0.range, "`\(earlier)` is written here")])
  }

  mutating func report(
    _ rule: Rule, _ message: String, help: String? = nil, at range: SourceRange, path: String,
    suggestion: String? = nil, isSafe: Bool = false, related: [Diagnostic.Related] = []
  ) {
    guard diagnostics.count < diagnosticLimit else { return }
    diagnostics.append(
      Diagnostic(
        rule, message, help: help, at: range, related: related, path: path.isEmpty ? nil : path,
        suggestion: suggestion, isSafe: isSafe))
  }
}

/// What a node is, to follow `found`.
func found(_ node: DocumentNode) -> String {
  switch node.kind {
  case .scalar(let text, .plain): text.isEmpty ? "nothing" : "`\(text.prefix(60))`"
  case .scalar(let text, .quoted): "the string \"\(text.prefix(60))\""
  case .sequence: "a list"
  case .mapping: "a mapping"
  }
}

/// The last name of a path, with the index of an element.
func lastName(_ path: String) -> String {
  path.split(separator: ".").last.map(String.init) ?? path
}
