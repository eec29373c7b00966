import Diagnostics
import Documents
import ModelSpec
import Reports
import Testing

@Suite struct JSONSchemaTests {
  private let schema: DocumentNode
  private let text: String

  init() throws {
    text = specJSONSchema().text()
    schema = try parseJSON(text, file: "schema")
  }

  /// The keyword `properties` of a mapping's definition.
  private func properties(of mapping: String) -> DocumentNode? {
    if mapping == Grammar.root.name { return schema["properties"] }
    let definition = schema["$defs"]?[mapping]
    return definition?["properties"]
      ?? definition?["anyOf"]?.elements?.lazy.compactMap { $0["properties"] }.first
  }

  @Test func isTheSameTextEveryTime() { #expect(specJSONSchema().text() == text) }

  @Test func saysWhichDraftItIs() {
    #expect(schema["$schema"]?.text == "https://json-schema.org/draft/2020-12/schema")
    #expect(schema["$id"]?.text == "urn:ditharos:spec:1")
  }

  @Test func holdsEveryKeyWithWhatAnEditorShows() {
    for mapping in Grammar.mappings {
      let properties = properties(of: mapping.name)
      #expect(
        properties?.entries?.map(\.key.text) == mapping.keys.map(\.name), "\(mapping.name)")
      for key in mapping.keys {
        let property = properties?[key.name]
        let name = "\(mapping.name).\(key.name)"
        #expect(property?["description"]?.text?.hasPrefix(key.summary) == true, "\(name)")
        #expect(property?["examples"]?.elements?.count == 1, "\(name)")
        if case .defaulted = key.presence { #expect(property?["default"] != nil, "\(name)") }
      }
    }
  }

  @Test func closesEveryMapping() {
    func visit(_ node: DocumentNode, path: String) {
      if node["properties"] != nil, node["type"]?.text == "object" {
        #expect(node["additionalProperties"]?.text == "false", "\(path)")
      }
      for entry in node.entries ?? [] {
        visit(entry.value, path: "\(path)/\(entry.key.text ?? "")")
      }
      for element in node.elements ?? [] { visit(element, path: path) }
    }
    visit(schema, path: "")
  }

  @Test func everyReferenceHasADefinition() {
    let defined = Set(schema["$defs"]?.entries?.compactMap(\.key.text) ?? [])
    func visit(_ node: DocumentNode) {
      if let reference = node["$ref"]?.text {
        #expect(defined.contains(String(reference.dropFirst("#/$defs/".count))), "\(reference)")
      }
      for entry in node.entries ?? [] { visit(entry.value) }
      for element in node.elements ?? [] { visit(element) }
    }
    visit(schema)
  }

  @Test func namesEveryPreset() {
    let names = schema["properties"]?["preset"]?["enum"]?.elements?.map(\.text)
    #expect(names == Presets.names + ["none"])
    let description = schema["properties"]?["preset"]?["description"]?.text ?? ""
    #expect(description.contains("- `dit-s`: The size S of the DiT paper"))
  }

  @Test func aNameStandsOnlyForAKindThatNeedsNoOtherKey() {
    let forms = schema["$defs"]?["timestep"]?["anyOf"]?.elements
    #expect(forms?.first?["enum"]?.elements?.map(\.text) == ["none", "sinusoidal"])
  }

  @Test func limitsAreThoseOfTheKeys() {
    let width = properties(of: "timestep")?["width"]
    #expect(width?["minimum"]?.text == "2")
    #expect(width?["maximum"]?.text == "65536")
    #expect(width?["default"]?.text == "256")
    let dropout = properties(of: "label")?["dropout"]
    #expect(dropout?["minimum"]?.text == "0")
    #expect(dropout?["exclusiveMaximum"]?.text == "1")
    #expect(dropout?["default"]?.text == "0.1")
    #expect(schema["properties"]?["ditharos"]?["const"]?.text == "1")
  }

  @Test(arguments: shippedSpecs) func everyWrittenKeyOfAShippedSpecIsFound(
    _ name: String
  ) throws {
    let path = packageFolder + "Specs/\(name).yaml"
    let root = try #require(parseYAML(readTextFile(path, byteLimit: 1 << 20), file: path).root)
    for entry in root.entries ?? [] {
      let key = try #require(entry.key.text)
      #expect(properties(of: Grammar.root.name)?[key] != nil, "\(key)")
      guard let mapping = Grammar.root.key(named: key)?.value.mappingSchema else { continue }
      for inner in entry.value.entries ?? [] {
        let innerKey = try #require(inner.key.text)
        #expect(properties(of: mapping.name)?[innerKey] != nil, "\(key).\(innerKey)")
      }
    }
  }

  /// The schema takes a mapping without its kind for one of the default kind, and demands its
  /// required keys: a preset must agree.
  @Test func presetsHoldDefaultKindsAndNoRequiredKeys() throws {
    func visit(_ node: DocumentNode, _ mapping: MappingSchema, path: String) {
      if let name = mapping.discriminator, let kind = node[name]?.text,
        case .defaulted(let value)? = mapping.key(named: name)?.presence
      {
        #expect(value == .name(kind), "\(path)")
      }
      for key in mapping.keys {
        if case .required = key.presence, mapping.name != Grammar.root.name {
          #expect(node[key.name] == nil, "\(path).\(key.name)")
        }
        if let inner = key.value.mappingSchema, let value = node[key.name] {
          visit(value, inner, path: "\(path).\(key.name)")
        }
      }
    }
    for name in Presets.names {
      visit(try #require(Presets.tree(named: name)), Grammar.root, path: name)
    }
  }
}
