import Documents
import ModelSpec

extension MappingSchema {
  /// The definition under the mapping's name: an object, or a name that stands for one.
  var definition: JSONValue {
    let header: JSONEntries = [
      ("title", .string(name)), ("description", .string(summary)),
    ]
    let names = standaloneKinds
    guard !names.isEmpty else { return .object(header + objectKeywords(adding: [])) }
    return .object(
      header + [
        (
          "anyOf",
          .array([
            .object([
              ("description", .string("A name stands for a mapping with that `\(kindName)`.")),
              ("enum", .array(names.map(JSONValue.string))),
            ]),
            .object(objectKeywords(adding: [])),
          ])
        )
      ])
  }

  /// The keywords of the mapping as an object.
  ///
  /// - Parameter conditions: Further schemas that it fits.
  func objectKeywords(adding conditions: [JSONValue]) -> JSONEntries {
    let required = hasPresets ? [] : unconditional
    let all = kinds.compactMap { condition(ofKind: $0.name) } + exclusions + conditions
    var entries: JSONEntries = [
      ("type", .string("object")),
      ("properties", .object(keys.map { ($0.name, $0.property(in: self)) })),
    ]
    if !required.isEmpty { entries.append(("required", .array(required.map(JSONValue.string)))) }
    entries.append(("additionalProperties", .bool(false)))
    if !all.isEmpty { entries.append(("allOf", .array(all))) }
    return entries
  }

  /// The choices of the discriminator; empty without one.
  var kinds: [Choice] {
    guard let discriminator, case .choice(let choices)? = key(named: discriminator)?.value else {
      return []
    }
    return choices
  }

  /// The kinds that a name alone can stand for: those that need no other key.
  var standaloneKinds: [String] {
    guard acceptsName else { return [] }
    return kinds.map(\.name).filter { kind in
      !keys.contains {
        $0.isRequired && $0.name != discriminator
          && ($0.appliesTo.isEmpty || $0.appliesTo.contains(kind))
      }
    }
  }

  /// What a kind needs and what it rules out; nil when that is nothing.
  private func condition(ofKind kind: String) -> JSONValue? {
    let bound = keys.filter { !$0.appliesTo.isEmpty }
    let needed = bound.filter { $0.isRequired && $0.appliesTo.contains(kind) }.map(\.name)
    let excluded = bound.filter { !$0.appliesTo.contains(kind) }.map(\.name)
    if hasPresets {
      return presetCondition(ofKind: kind, needed: unconditional + needed, excluded: excluded)
    }
    if needed.isEmpty, excluded.isEmpty { return nil }
    // A mapping without the key is of the default kind: then the test must not demand the key.
    var test: JSONEntries = [
      ("properties", .object([(kindName, .object([("const", .string(kind))]))]))
    ]
    if !isDefault(kind) { test.append(("required", .array([.string(kindName)]))) }
    var consequence: JSONEntries = []
    if !needed.isEmpty {
      consequence.append(("required", .array(needed.map(JSONValue.string))))
    }
    if !excluded.isEmpty {
      consequence.append(("properties", .object(excluded.map { ($0, .bool(false)) })))
    }
    return .object([("if", .object(test)), ("then", .object(consequence))])
  }

  /// What a kind needs and what it rules out, where keys may come from a preset: then the kind is
  /// the preset's unless it is written, and the keys of a preset of that kind are not needed.
  private func presetCondition(
    ofKind kind: String, needed: [String], excluded: [String]
  ) -> JSONValue {
    func absent(_ name: String) -> JSONValue { .object([("not", present([name]))]) }
    func all(_ conditions: [JSONValue]) -> JSONValue { .object([("allOf", .array(conditions))]) }
    let presets = AutoencoderPresets.names.filter {
      AutoencoderPresets.tree(named: $0)?[kindName]?.text == kind
    }
    let isPreset = JSONValue.object([
      ("properties", .object([("preset", enumeration(presets))])),
      ("required", .array([.string("preset")])),
    ])
    let isWritten = JSONValue.object([
      ("properties", .object([(kindName, .object([("const", .string(kind))]))])),
      ("required", .array([.string(kindName)])),
    ])
    var tests = [isWritten]
    if isDefault(kind) { tests.append(all([absent(kindName), absent("preset")])) }
    if !presets.isEmpty { tests.append(all([absent(kindName), isPreset])) }
    var consequences: [JSONValue] = [
      .object([("properties", .object(excluded.map { ($0, .bool(false)) }))])
    ]
    if !needed.isEmpty {
      consequences.append(
        .object([("anyOf", .array([present(needed)] + (presets.isEmpty ? [] : [isPreset])))]))
    }
    return .object([
      ("if", .object([("anyOf", .array(tests))])), ("then", all(consequences)),
    ])
  }

  private func enumeration(_ names: [String]) -> JSONValue {
    .object([("enum", .array(names.map(JSONValue.string)))])
  }

  /// The keys that every kind needs.
  private var unconditional: [String] {
    keys.filter { $0.isRequired && $0.appliesTo.isEmpty }.map(\.name)
  }

  /// Whether keys may come from a preset of the mapping.
  private var hasPresets: Bool { discriminator != nil && key(named: "preset") != nil }

  private var exclusions: [JSONValue] {
    exclusive.map { .object([("not", present([$0.first, $0.second]))]) }
  }

  private var kindName: String { discriminator ?? "" }

  private func isDefault(_ kind: String) -> Bool {
    guard case .defaulted(.name(let name))? = key(named: kindName)?.presence else { return false }
    return name == kind
  }
}

extension KeySchema {
  /// Whether the key has no default at all.
  var isRequired: Bool {
    switch presence {
    case .required: true
    case .defaulted, .derived: false
    }
  }

  /// The schema of the key's value, with what an editor shows.
  func property(in mapping: MappingSchema) -> JSONValue {
    var entries: JSONEntries = [("description", .string(description(in: mapping)))]
    if case .defaulted(let value) = presence { entries.append(("default", value.json)) }
    entries.append(("examples", .array([exampleValue])))
    let isRootKey = mapping.name == Grammar.root.name
    if isRootKey, Grammar.componentNames.contains(name) {
      return .object(
        entries + [
          (
            "anyOf",
            .array([.object(value.keywords), .object([reference(to: componentName)])])
          )
        ])
    }
    if name == "preset" {
      return .object(entries + ValueSchema.choice(choices(in: mapping)).keywords)
    }
    return .object(entries + value.keywords)
  }

  /// The meaning, the kinds it belongs to, what is taken without it, and what its names mean.
  private func description(in mapping: MappingSchema) -> String {
    var parts = [summary]
    if let discriminator = mapping.discriminator, !appliesTo.isEmpty {
      parts.append("Applies with `\(discriminator)` \(alternatives(appliesTo)).")
    }
    if case .derived = presence {
      let text = defaultText(in: mapping)
      let isDemand = text.hasPrefix("required")
      parts.append(isDemand ? "R\(text.dropFirst())." : "Default: \(text).")
    }
    let choices = choices(in: mapping)
    if !choices.isEmpty {
      parts.append(choices.map { "- `\($0.name)`: \($0.summary)" }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  /// The names that the value may be or hold, with their meanings.
  func choices(in mapping: MappingSchema) -> [Choice] {
    guard name == "preset" else { return value.choices }
    return mapping.name == Grammar.root.name ? Presets.choices : AutoencoderPresets.choices
  }

  /// The example as JSON.
  var exampleValue: JSONValue {
    parseYAML(example, file: name).root?.coreSchemaValue ?? .string(example)
  }
}

/// Names in backticks, joined by `or`.
func alternatives(_ names: [String]) -> String {
  let quoted = names.map { "`\($0)`" }
  guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
  return quoted.dropLast().joined(separator: ", ") + " or " + last
}
