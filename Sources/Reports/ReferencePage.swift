import Documents
import ModelSpec

/// The reference of every key of the spec language as a page of Markdown, made from the tables
/// that the parser reads.
package func referencePage() -> String {
  let mappings = Grammar.mappings
  var sections = [introduction(mappings)]
  sections += mappings.map { section($0, usedBy: uses(of: $0, in: mappings)) }
  return sections.joined(separator: "\n\n") + "\n"
}

private func introduction(_ mappings: [MappingSchema]) -> String {
  let contents = mappings.map { "[\($0.name)](#\($0.name))" }.joined(separator: " · ")
  let units = QuantityUnit.bytes.factors.map { "`\($0.name)`" }.joined(separator: ", ")
  let counts = QuantityUnit.count.factors.map { "`\($0.name)`" }.joined(separator: ", ")
  return """
    # Keys of a spec

    Written by `ditharos generate` from the tables that the parser reads. A spec is a YAML file; \
    its keys are those of [spec](#spec). Keys of a preset are overridden one by one, and what is \
    left out after that has the default below.

    - An integer is written in decimal digits; a number may also have a fraction and an exponent \
    (`0.5`, `1e-6`). `06`, `0x6`, `1_000` and `"6"` are refused where a number is expected.
    - A string may stand without quotes, `no` and `123` included.
    - A size in bytes takes \(units); a count takes \(counts).
    - Paths are relative to the spec and stay in its folder.
    - \(Grammar.componentNames.map { "`\($0)`" }.joined(separator: " and ")) may stand in another \
    spec of the folder: `{file: relative.yaml}`.

    \(contents)
    """
}

/// The keys that take a mapping, as links.
private func uses(of mapping: MappingSchema, in mappings: [MappingSchema]) -> [String] {
  mappings.flatMap { holder in
    holder.keys.filter { $0.value.heldMappings.contains(mapping.name) }.map {
      "[\(holder.name).\($0.name)](#\(holder.name).\($0.name))"
    }
  }
}

private func section(_ mapping: MappingSchema, usedBy uses: [String]) -> String {
  var lines = ["## \(mapping.name)", "", mapping.summary]
  if !uses.isEmpty { lines.append("The value of \(uses.joined(separator: ", ")).") }
  if let discriminator = mapping.discriminator, !mapping.standaloneKinds.isEmpty {
    lines.append(
      "A name alone stands for a mapping with that `\(discriminator)`: "
        + "\(alternatives(mapping.standaloneKinds)).")
  }
  var written: [String] = []
  for first in mapping.exclusive.map(\.first) where !written.contains(first) {
    written.append(first)
    let others = mapping.exclusive.filter { $0.first == first }.map(\.second)
    lines.append("`\(first)` does not stand beside \(alternatives(others)).")
  }
  lines += [
    "", "| key | type | default | meaning | example |", "|---|---|---|---|---|",
  ]
  lines += mapping.keys.map { row($0, in: mapping) }
  return lines.joined(separator: "\n")
}

private func row(_ key: KeySchema, in mapping: MappingSchema) -> String {
  var meaning = [key.summary]
  if let discriminator = mapping.discriminator, !key.appliesTo.isEmpty {
    meaning.append("With `\(discriminator)` \(alternatives(key.appliesTo)).")
  }
  if key.value.heldMappings.isEmpty {
    meaning += key.choices(in: mapping).map { "`\($0.name)`: \($0.summary)" }
  }
  let cells = [
    "<a id=\"\(mapping.name).\(key.name)\"></a>`\(key.name)`",
    typeText(of: key, in: mapping),
    key.defaultText(in: mapping),
    meaning.joined(separator: "<br>"),
    "`\(key.example)`",
  ]
  return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
}

private func typeText(of key: KeySchema, in mapping: MappingSchema) -> String {
  let choices = key.choices(in: mapping)
  if key.name == "preset", !choices.isEmpty {
    return alternatives(choices.map(\.name))
  }
  return key.value.typeText
}

extension ValueSchema {
  /// The mappings that a value may be or hold in lists.
  fileprivate var heldMappings: [String] {
    switch self {
    case .mapping(let schema): [schema.name]
    case .optional(let inner), .list(let inner, _), .dictionary(let inner): inner.heldMappings
    case .anyOf(let values): values.flatMap(\.heldMappings)
    case .integer, .number, .boolean, .choice, .text, .quantity, .numbers: []
    }
  }

  /// The type, as the reference shows it.
  fileprivate var typeText: String {
    switch self {
    case .integer(let range) where range.lowerBound == range.upperBound:
      "`\(range.lowerBound)`"
    case .integer(let range): "integer, \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): "number\(range.limits)"
    case .boolean: "`true` or `false`"
    case .choice(let choices): alternatives(choices.map(\.name))
    case .text(.any): "string"
    case .text(.identifier): "name: letters, digits, `.`, `_` and `-`"
    case .text(.path): "path"
    case .quantity(.bytes): "size in bytes"
    case .quantity(.count): "count"
    case .list(let element, let count):
      "list of \(count.text), each \(element.typeText)"
    case .numbers: "numbers in nested lists"
    case .dictionary(let element): "mapping from names, each to \(element.typeText)"
    case .mapping(let schema):
      schema.standaloneKinds.isEmpty
        ? "[\(schema.name)](#\(schema.name))" : "[\(schema.name)](#\(schema.name)) or its name"
    case .optional(let inner): "`none` or \(inner.typeText)"
    case .anyOf(let values): values.map(\.typeText).joined(separator: "; or ")
    }
  }
}

extension ClosedRange<Int> {
  fileprivate var text: String {
    lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound) to \(upperBound)"
  }
}

extension NumberRange {
  /// The limits, a comma before them; empty where only the type limits.
  fileprivate var limits: String {
    guard self != .float, self != .any, let least = shortestDecimal(lower),
      let most = shortestDecimal(upper)
    else { return "" }
    return ", \(excludesLower ? "above " : "")\(least) to \(excludesUpper ? "below " : "")\(most)"
  }
}
