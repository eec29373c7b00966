import Documents
import ModelSpec

extension ValueSchema {
  /// The keywords that a value fits, read by the core schema of YAML 1.2.
  var keywords: JSONEntries {
    switch self {
    case .integer(let range) where range.lowerBound == range.upperBound:
      return [("type", .string("integer")), ("const", .integer(range.lowerBound))]
    case .integer(let range):
      return [
        ("type", .string("integer")), ("minimum", .integer(range.lowerBound)),
        ("maximum", .integer(range.upperBound)),
      ]
    case .number(let range): return range.keywords
    case .boolean: return [("type", .string("boolean"))]
    case .choice(let choices):
      return [("enum", .array(choices.map { .string($0.name) }))]
    case .text(let form): return form.keywords
    case .quantity(let unit): return unit.keywords
    case .list(let element, let count):
      return [
        ("type", .string("array")), ("items", .object(element.keywords)),
        ("minItems", .integer(count.lowerBound)), ("maxItems", .integer(count.upperBound)),
      ]
    case .numbers: return [reference(to: numbersName)]
    case .dictionary(let element):
      return [
        ("type", .string("object")), ("additionalProperties", .object(element.keywords)),
      ]
    case .mapping(let schema): return [reference(to: schema.name)]
    case .optional(let inner):
      return [
        (
          "anyOf",
          .array([.object([("const", .string("none"))]), .object(inner.keywords)])
        )
      ]
    case .anyOf(let values):
      return [("anyOf", .array(values.map { .object($0.keywords) }))]
    }
  }

  /// The names that a value may be or hold, a mapping's own keys left out.
  var choices: [Choice] {
    switch self {
    case .choice(let choices): choices
    case .list(let inner, _), .dictionary(let inner): inner.choices
    case .optional(let inner):
      inner.choices.contains { $0.name == "none" }
        ? inner.choices : [Choice("none", "It is left out.")] + inner.choices
    case .anyOf(let values): values.flatMap(\.choices)
    case .mapping(let schema):
      schema.kinds.filter { schema.standaloneKinds.contains($0.name) }
    case .integer, .number, .boolean, .text, .quantity, .numbers: []
    }
  }
}

extension NumberRange {
  fileprivate var keywords: JSONEntries {
    [
      ("type", .string("number")),
      (excludesLower ? "exclusiveMinimum" : "minimum", .number(lower)),
      (excludesUpper ? "exclusiveMaximum" : "maximum", .number(upper)),
    ]
  }
}

extension TextForm {
  /// A plain number or `true` is a string too where a string is expected.
  fileprivate var keywords: JSONEntries {
    let types = ("type", JSONValue.array(["string", "number", "boolean"].map(JSONValue.string)))
    switch self {
    case .any: return [types, ("minLength", .integer(1)), ("maxLength", .integer(4096))]
    case .identifier:
      return [
        types, ("pattern", .string("^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")),
        ("minimum", .integer(0)),
      ]
    case .path:
      return [
        types, ("minLength", .integer(1)), ("maxLength", .integer(4096)),
        ("pattern", .string(#"^(?!/)(?!(.*/)?\.\.(/|$))"#)),
      ]
    }
  }
}

extension QuantityUnit {
  /// A whole number, or one with a unit.
  fileprivate var keywords: JSONEntries {
    let units = factors.map(\.name).joined(separator: "|")
    return [
      ("type", .array([.string("integer"), .string("string")])),
      ("pattern", .string(#"^(0|[1-9][0-9]*)(\.[0-9]+)? *(\#(units))?$"#)),
      ("minimum", .integer(0)), ("exclusiveMaximum", .number(1e18)),
    ]
  }
}

extension DefaultValue {
  /// The value as JSON.
  var json: JSONValue {
    switch self {
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .boolean(let value): .bool(value)
    case .name(let name): .string(name)
    case .numbers(let values): .array(values.map(JSONValue.number))
    }
  }
}

extension DocumentNode {
  /// The value as JSON: plain scalars are numbers, `true`, `false` and null by the core schema of
  /// YAML 1.2, decimal notation alone.
  var coreSchemaValue: JSONValue {
    switch kind {
    case .sequence(let elements): return .array(elements.map(\.coreSchemaValue))
    case .mapping(let entries):
      return .object(entries.map { ($0.key.text ?? "", $0.value.coreSchemaValue) })
    case .scalar(let text, .quoted): return .string(text)
    case .scalar("true", .plain): return .bool(true)
    case .scalar("false", .plain): return .bool(false)
    case .scalar("", .plain), .scalar("~", .plain), .scalar("null", .plain): return .null
    case .scalar(let text, .plain):
      if let value = Int(text) { return .integer(value) }
      // `Double` also reads names such as `nan`.
      if text.first.map({ $0.isNumber || $0 == "-" }) == true, let value = Double(text) {
        return .number(value)
      }
      return .string(text)
    }
  }
}
