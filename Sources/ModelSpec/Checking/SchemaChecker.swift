import Diagnostics
import Documents

/// Compares a tree with the grammar and reports everything that does not fit.
struct SchemaChecker {
  var diagnostics: [Diagnostic] = []
  /// The paths of keys that an unknown key probably means: they are not reported as missing.
  var misspelled: Set<String> = []

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
      reportType(node, .mapping(schema), path: path)
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
        reportUnknownKey(
          entry.key, beside: entries, in: schema, kind: kind, path: keyPath)
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

  func applies(_ key: KeySchema, to kind: String??) -> Bool {
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
    if let entry = entries.first(where: { $0.key.isText(name) }) {
      // A name that was spelled out as a mapping is its own key.
      let isName = entry.key.range == entry.value.range
      let value = check(
        entry.value, key.value, keyRange: entry.key.range,
        path: path.isEmpty ? name : isName ? path : "\(path).\(name)")
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
    var value = CheckedValue(
      content: .invalid, place: place, isWritten: !node.isInherited,
      isOwnPlace: !node.isInherited && place == node.range)
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
          "`\(lastName(path))` has \(elements.count) "
            + "element\(elements.count == 1 ? "" : "s"), expected \(text(of: count))",
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
          suggestion: problem.suggestion, isSafe: problem.isSafe)
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
      ? "\(count.lowerBound)"
      : count.count == 2
        ? "\(count.lowerBound) or \(count.upperBound)"
        : "\(count.lowerBound) to \(count.upperBound)"
  }
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
