import Documents
import ModelSpec

/// The entries of a JSON object, in order.
typealias JSONEntries = [(key: String, value: JSONValue)]

/// The JSON Schema (draft 2020-12) of the spec language, made from the tables that the parser
/// reads.
///
/// It holds what a spec's own text decides: keys, types, ranges, choices, short forms, what a
/// kind adds and rules out. What follows from several values together is left to `validate`.
package func specJSONSchema() -> JSONValue {
  let root = Grammar.root
  let header: JSONEntries = [
    ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
    ("$id", .string("urn:ditharos:spec:\(Grammar.version)")),
    ("title", .string("DiTharos model spec")),
    ("description", .string(root.summary)),
  ]
  let mappings = Grammar.mappings.filter { $0.name != root.name }
  let definitions: JSONEntries =
    mappings.map { ($0.name, $0.definition) } + [
      (componentName, component), (numbersName, numbers),
    ]
  return .object(
    header + root.objectKeywords(adding: modelConditions) + [("$defs", .object(definitions))])
}

/// The name of the definition of a component that stands in another file.
let componentName = "component"

/// The name of the definition of numbers in nested lists.
let numbersName = "numbers"

/// A reference to a definition.
func reference(to name: String) -> (key: String, value: JSONValue) {
  ("$ref", .string("#/$defs/\(name)"))
}

private let component = JSONValue.object([
  ("title", .string(componentName)),
  ("description", .string("A component that stands in another file.")),
  ("type", .string("object")),
  (
    "properties",
    .object([
      (
        "file",
        .object(
          [
            (
              "description",
              .string("A spec in this spec's folder that holds the component under the same key.")
            ),
            ("examples", .array([.string("autoencoder.yaml")])),
          ] + ValueSchema.text(.path).keywords)
      )
    ])
  ),
  ("required", .array([.string("file")])),
  ("additionalProperties", .bool(false)),
])

private let numbers = JSONValue.object([
  ("title", .string(numbersName)),
  ("description", .string("Numbers in nested lists, all lists of a level equally long.")),
  (
    "anyOf",
    .array([
      .object(ValueSchema.number(.float).keywords),
      .object([
        ("type", .string("array")), ("items", .object([reference(to: numbersName)])),
        ("minItems", .integer(1)),
      ]),
    ])
  ),
])

/// What the root needs besides its keys: a model, and what a denoiser needs.
private var modelConditions: [JSONValue] {
  let denoiser = Grammar.denoiserKeyNames + ["preset"]
  return [
    anyPresent(denoiser + Grammar.componentNames),
    .object([
      ("if", anyPresent(denoiser)),
      ("then", .object([("allOf", .array(Grammar.denoiserRequirements.map(condition)))])),
    ]),
  ]
}

private func condition(of requirement: Grammar.DenoiserRequirement) -> JSONValue {
  let providers = Presets.names.filter { Presets.tree(named: $0)?[requirement.key] != nil }
  var alternatives = [present([requirement.key])]
  for waiver in requirement.waivers {
    switch waiver {
    case .key(let name): alternatives.append(present([name]))
    case .choice(let mapping, let key, let name):
      alternatives.append(
        holding(mapping, .object(holdingEntries(key, .object([("const", .string(name))])))))
    }
  }
  if !providers.isEmpty {
    alternatives.append(
      holding("preset", .object([("enum", .array(providers.map(JSONValue.string)))])))
  }
  return alternatives.count == 1
    ? alternatives[0] : .object([("anyOf", .array(alternatives))])
}

/// Demands that all of some keys are there.
func present(_ names: [String]) -> JSONValue {
  .object([("required", .array(names.map(JSONValue.string)))])
}

private func anyPresent(_ names: [String]) -> JSONValue {
  .object([("anyOf", .array(names.map { present([$0]) }))])
}

/// Demands a key whose value fits a schema.
private func holding(_ name: String, _ value: JSONValue) -> JSONValue {
  .object(holdingEntries(name, value))
}

private func holdingEntries(_ name: String, _ value: JSONValue) -> JSONEntries {
  [
    ("properties", .object([(name, value)])),
    ("required", .array([.string(name)])),
  ]
}
