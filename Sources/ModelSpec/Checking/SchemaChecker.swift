import Diagnostics
import Documents

/// Compares a tree with the grammar and reports everything that does not fit.
struct SchemaChecker {
  private(set) var diagnostics: [Diagnostic] = []
  /// The paths of keys that an unknown key probably means: they are not reported as missing.
  private(set) var misspelled: Set<String> = []

  /// Checks a mapping node.
  ///
  /// - Parameters:
  ///   - place: The place to point at for what is missing.
  ///   - path: The path of the node; empty for the root.
  mutating func check(
    _ node: DocumentNode, _ schema: MappingSchema, place: SourceRange, path: String
  ) -> CheckedValue {
    var value = CheckedValue(content: .invalid, place: place, isWritten: !node.isInherited)
    guard let entries = node.entries else {
      report(
        SpecRules.type,
        "expected \(ValueSchema.mapping(schema).expectation), found \(found(node))",
        at: node.range, path: path)
      return value
    }
    var mapping = CheckedMapping(values: [:], place: place)
    let kind = checkDiscriminator(of: schema, entries, place: place, path: path, into: &mapping)
    var written: [String: DocumentNode] = [:]
    for entry in entries {
      let name = entry.key.text ?? ""
      if !entry.value.isInherited { written[name] = entry.key }
      if name == schema.discriminator { continue }
      let keyPath = path.isEmpty ? name : "\(path).\(name)"
      guard let key = schema.key(named: name) else {
        reportUnknownKey(entry.key, in: schema, kind: kind, path: keyPath)
        continue
      }
      guard applies(key, to: kind) else {
        if !entry.value.isInherited {
          reportInapplicable(key, at: entry.key.range, schema, kind: kind, path: keyPath)
        }
        continue
      }
      mapping.values[name] = check(
        entry.value, key.value, keyRange: entry.key.range, path: keyPath)
    }
    for pair in schema.exclusive {
      if let first = written[pair.first], let second = written[pair.second] {
        reportContradiction(first, second, path: path)
        mapping.values[pair.second]?.content = .invalid
      }
    }
    let missing = fillDefaults(of: schema, kind: kind, into: &mapping)
    for key in missing where !misspelled.contains(path.isEmpty ? key.name : "\(path).\(key.name)") {
      report(
        SpecRules.missingKey,
        "`\(key.name)` is missing" + (path.isEmpty ? "" : " in `\(path)`"),
        help: "add `\(key.name): \(key.example)`: "
          + key.summary.prefix(1).lowercased() + key.summary.dropFirst().dropLast(),
        at: place, path: path.isEmpty ? key.name : "\(path).\(key.name)")
    }
    value.content = .mapping(mapping)
    return value
  }

  private func applies(_ key: KeySchema, to kind: String??) -> Bool {
    if key.appliesTo.isEmpty { return true }
    // With an invalid kind nothing is known, and nothing reported.
    guard case .some(.some(let kind)) = kind else { return true }
    return key.appliesTo.contains(kind)
  }

  /// Checks the discriminator; returns its value, `.some(nil)` when it is invalid, nil without one.
  private mutating func checkDiscriminator(
    of schema: MappingSchema, _ entries: [DocumentNode.Entry], place: SourceRange, path: String,
    into mapping: inout CheckedMapping
  ) -> String?? {
    guard let name = schema.discriminator, let key = schema.key(named: name) else { return nil }
    if let entry = entries.first(where: { $0.key.text == name }) {
      let value = check(
        entry.value, key.value, keyRange: entry.key.range,
        path: path.isEmpty ? name : "\(path).\(name)")
      mapping.values[name] = value
      if case .text(let kind) = value.content { return kind }
      return .some(nil)
    }
    if case .defaulted(.name(let kind)) = key.presence { return kind }
    return .some(nil)
  }

  /// Fills in defaults; returns the required keys that are missing, which become invalid.
  private func fillDefaults(
    of schema: MappingSchema, kind: String??, into mapping: inout CheckedMapping
  ) -> [KeySchema] {
    var missing: [KeySchema] = []
    for key in schema.keys where mapping.values[key.name] == nil && applies(key, to: kind) {
      var value = CheckedValue(content: .invalid, place: mapping.place, isWritten: false)
      switch key.presence {
      case .derived: continue
      case .defaulted(let defaultValue): value.content = defaultValue.content(at: mapping.place)
      case .required:
        // What applies to a kind that is not known is not missed.
        if !key.appliesTo.isEmpty, case .some(.none) = kind { continue }
        missing.append(key)
      }
      mapping.values[key.name] = value
    }
    return missing
  }

  /// Checks a value.
  mutating func check(
    _ node: DocumentNode, _ schema: ValueSchema, keyRange: SourceRange, path: String
  ) -> CheckedValue {
    let isEmptyScalar = node.text?.isEmpty == true && node.range.start == node.range.end
    let place = isEmptyScalar ? keyRange : node.place(underKey: keyRange)
    var value = CheckedValue(content: .invalid, place: place, isWritten: !node.isInherited)
    if case .scalar(let text, .plain) = node.kind, ["", "~", "null"].contains(text) {
      let isText = if case .text = schema { !text.isEmpty } else { false }
      if !isText {
        report(
          SpecRules.type, "`\(lastName(path))` has no value; expected \(schema.expectation)",
          at: place, path: path)
        return value
      }
    }
    switch schema {
    case .mapping(let mappingSchema):
      return check(node, mappingSchema, place: place, path: path)
    case .optional(let inner):
      if case .scalar("none", _) = node.kind {
        value.content = .none
      } else {
        return check(node, inner, keyRange: keyRange, path: path)
      }
    case .anyOf(let schemas):
      if let match = schemas.first(where: { accepts($0, node) }) {
        return check(node, match, keyRange: keyRange, path: path)
      }
      reportType(node, schema, path: path)
    case .list(let element, let count):
      guard let elements = node.elements else {
        reportType(node, schema, path: path)
        break
      }
      guard count.contains(elements.count) else {
        report(
          SpecRules.range,
          "`\(lastName(path))` has \(elements.count) elements, expected \(text(of: count))",
          at: place, path: path)
        break
      }
      value.content = .list(
        elements.enumerated().map {
          check($1, element, keyRange: $1.range, path: "\(path)[\($0)]")
        })
    case .dictionary(let element):
      guard let entries = node.entries else {
        reportType(node, schema, path: path)
        break
      }
      value.content = .dictionary(
        entries.map { entry in
          let key = entry.key.text ?? ""
          return CheckedEntry(
            key: key, keyRange: entry.key.range,
            value: check(
              entry.value, element, keyRange: entry.key.range, path: "\(path).\(key)"))
        })
    case .numbers:
      var reader = NumberArrayReader()
      if let array = reader.read(node) {
        value.content = .numbers(array)
      } else if let problem = reader.problem {
        report(
          problem.rule, problem.message, help: problem.help, at: problem.range, path: path,
          suggestion: problem.suggestion)
      }
    case .integer, .number, .boolean, .choice, .text, .quantity:
      guard case .scalar(let text, let style) = node.kind else {
        reportType(node, schema, path: path)
        break
      }
      value.content = checkScalar(text, style, schema, at: node.range, path: path)
    }
    return value
  }

  private func accepts(_ schema: ValueSchema, _ node: DocumentNode) -> Bool {
    switch (schema, node.kind) {
    case (.list, .sequence), (.numbers, .sequence), (.dictionary, .mapping), (.mapping, .mapping):
      true
    case (.integer, .scalar), (.number, .scalar), (.boolean, .scalar), (.choice, .scalar),
      (.text, .scalar), (.quantity, .scalar), (.optional, _), (.anyOf, _):
      true
    case (.integer, _), (.number, _), (.boolean, _), (.choice, _), (.text, _), (.quantity, _),
      (.list, _), (.numbers, _), (.dictionary, _), (.mapping, _):
      false
    }
  }

  private func text(of count: ClosedRange<Int>) -> String {
    count.lowerBound == count.upperBound
      ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
  }
}

extension SchemaChecker {
  private mutating func checkScalar(
    _ text: String, _ style: DocumentNode.Style, _ schema: ValueSchema, at range: SourceRange,
    path: String
  ) -> CheckedValue.Content {
    let name = lastName(path)
    switch schema {
    case .integer(let limits):
      switch integerForm(text, style) {
      case .value(let value) where limits.contains(value): return .integer(value)
      case .value, .overflow:
        report(
          SpecRules.range, "`\(name)` is \(text), expected \(schema.expectation)", at: range,
          path: path)
      case .malformed(let decimal):
        reportNumber(text, style, schema, decimal: decimal, at: range, path: path)
      }
    case .number(let limits):
      switch decimalForm(text, style) {
      case .value(let value) where limits.contains(value): return .number(value)
      case .value, .overflow:
        report(
          SpecRules.range, "`\(name)` is \(text), expected \(schema.expectation)", at: range,
          path: path)
      case .malformed(let decimal):
        reportNumber(text, style, schema, decimal: decimal, at: range, path: path)
      }
    case .quantity(let unit):
      switch quantityForm(text, unit) {
      case .value(let value): return .integer(value)
      case .overflow:
        report(
          SpecRules.range, "`\(name)` is \(text), more than 10^18", at: range, path: path)
      case .malformed(let decimal):
        reportNumber(text, style, schema, decimal: decimal, at: range, path: path)
      }
    case .boolean:
      if style == .plain, text == "true" || text == "false" { return .boolean(text == "true") }
      let meaning = ["yes": "true", "on": "true", "no": "false", "off": "false"]
      let suggestion =
        meaning[text.lowercased()] ?? nearestName(to: text, among: ["true", "false"])
      report(
        SpecRules.type, "`\(name)` is `\(text)`, expected `true` or `false`",
        help: suggestion.map { "write `\($0)`" }, at: range, path: path, suggestion: suggestion)
    case .choice(let choices):
      if choices.contains(where: { $0.name == text }) { return .text(text) }
      let nearest = nearestName(to: text, among: choices.map(\.name))
      report(
        SpecRules.choice,
        "`\(text)` is no choice for `\(name)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
        help: "choose \(listed(choices.map(\.name)))", at: range, path: path, suggestion: nearest)
    case .text(let form):
      if let problem = form.problem(with: text) {
        report(SpecRules.text, "`\(name)` \(problem)", at: range, path: path)
      } else {
        return .text(text)
      }
    case .list, .numbers, .dictionary, .mapping, .optional, .anyOf: break
    }
    return .invalid
  }

  private mutating func reportNumber(
    _ text: String, _ style: DocumentNode.Style, _ schema: ValueSchema, decimal: String?,
    at range: SourceRange, path: String
  ) {
    let shown = style == .quoted ? "the string \"\(text)\"" : "`\(text)`"
    report(
      decimal == nil ? SpecRules.type : SpecRules.scalar,
      "`\(lastName(path))` is \(shown), expected \(schema.expectation)",
      help: decimal.map { "write \($0)" }, at: range, path: path, suggestion: decimal)
  }

  private mutating func reportType(_ node: DocumentNode, _ schema: ValueSchema, path: String) {
    report(
      SpecRules.type,
      "`\(lastName(path))` is \(found(node)), expected \(schema.expectation)", at: node.range,
      path: path)
  }

  private mutating func reportUnknownKey(
    _ key: DocumentNode, in schema: MappingSchema, kind: String??, path: String
  ) {
    // Distances to very many unknown keys would take long.
    guard diagnostics.count < diagnosticLimit else { return }
    let name = key.text ?? ""
    let names = schema.keys.filter { applies($0, to: kind) }.map(\.name)
    let nearest = nearestName(to: name, among: names)
    if let nearest { misspelled.insert(path.dropLast(name.count) + nearest) }
    report(
      SpecRules.unknownKey,
      "unknown key `\(name)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
      help: "`\(schema.name)` has the keys \(listed(names, limit: 40, conjunction: "and"))",
      at: key.range,
      path: path, suggestion: nearest)
  }

  private mutating func reportInapplicable(
    _ key: KeySchema, at range: SourceRange, _ schema: MappingSchema, kind: String??, path: String
  ) {
    let discriminator = schema.discriminator ?? ""
    let given = (kind ?? nil) ?? ""
    report(
      SpecRules.inapplicableKey,
      "`\(key.name)` does not apply with `\(discriminator): \(given)`",
      help: "it applies with `\(discriminator)` \(listed(key.appliesTo))", at: range, path: path)
  }

  private mutating func reportContradiction(
    _ first: DocumentNode, _ second: DocumentNode, path: String
  ) {
    let inOrder = first.range.start < second.range.start ? (first, second) : (second, first)
    let (earlier, later) = (inOrder.0.text ?? "", inOrder.1.text ?? "")
    report(
      SpecRules.contradiction, "`\(later)` contradicts `\(earlier)`: write one of the two",
      at: inOrder.1.range, path: path.isEmpty ? later : "\(path).\(later)",
      related: [Diagnostic.Related(inOrder.0.range, "`\(earlier)` is written here")])
  }

  private mutating func report(
    _ rule: Rule, _ message: String, help: String? = nil, at range: SourceRange, path: String,
    suggestion: String? = nil, related: [Diagnostic.Related] = []
  ) {
    guard diagnostics.count < diagnosticLimit else { return }
    diagnostics.append(
      Diagnostic(
        rule, message, help: help, at: range, related: related, path: path.isEmpty ? nil : path,
        suggestion: suggestion))
  }
}

/// What a node is, to follow `found`.
private func found(_ node: DocumentNode) -> String {
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

extension DefaultValue {
  fileprivate func content(at place: SourceRange) -> CheckedValue.Content {
    switch self {
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .boolean(let value): .boolean(value)
    case .name(let name): .text(name)
    case .numbers(let values):
      .list(values.map { CheckedValue(content: .number($0), place: place, isWritten: false) })
    }
  }
}

extension TextForm {
  /// What is wrong with a text of this form, to follow its name; nil when nothing is.
  fileprivate func problem(with text: String) -> String? {
    if text.isEmpty { return "is empty" }
    if text.utf8.count > 4096 { return "is longer than 4096 bytes" }
    switch self {
    case .any: return nil
    case .identifier:
      let isValid = text.utf8.allSatisfy { byte in
        Character(Unicode.Scalar(byte)).isASCIIAlphanumeric || "._-".utf8.contains(byte)
      }
      let first = text.unicodeScalars.first.map(Character.init)
      return isValid && first?.isASCIIAlphanumeric == true && text.utf8.count <= 200
        ? nil : "is not a name: use letters, digits, `.`, `_` and `-`, at most 200"
    case .path:
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      if text.hasPrefix("/") { return "is an absolute path; write it relative to the spec" }
      if parts.contains("..") { return "leads out of the spec's folder" }
      return text.utf8.contains(0) ? "holds a zero byte" : nil
    }
  }
}

extension Character {
  fileprivate var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}
