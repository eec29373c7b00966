import Diagnostics
import Documents

/// A validated spec with what its text adds.
package struct LoadedSpec: Sendable {
  /// The spec in canonical form.
  package var spec: ModelSpec
  /// What is questionable, but not wrong.
  package var warnings: [Diagnostic]
  /// Where the spec's parts come from.
  package var locations: SpecLocations
}

/// Reads and validates a spec file.
///
/// - Parameter path: The file; `-` is standard input, which has no components.
/// - Throws: Everything that is wrong, warnings included.
package func loadSpec(file path: String) throws(DiagnosticsError) -> LoadedSpec {
  let text = try readTextFile(path, byteLimit: DocumentLimits.spec.byteCount)
  return try loadSpec(text: text, file: path, folder: path == "-" ? nil : folder(of: path))
}

/// Validates a spec.
///
/// - Parameters:
///   - text: The YAML text.
///   - file: The name that diagnostics carry.
///   - folder: The folder that components stand in; nil to refuse them.
/// - Throws: Everything that is wrong, warnings included.
package func loadSpec(
  text: String, file: String, folder: String?
) throws(DiagnosticsError) -> LoadedSpec {
  let document = parseYAML(text, file: file)
  var diagnostics = document.diagnostics
  guard let root = document.root, root.text != "" else {
    if diagnostics.isEmpty { diagnostics.append(notASpec(start(of: file), "is empty")) }
    throw DiagnosticsError(diagnostics)
  }
  guard let entries = root.entries else {
    throw DiagnosticsError(diagnostics + [notASpec(root.range, "is not a mapping")])
  }
  let place =
    entries.first { $0.key.isText("ditharos") }?.key.range ?? entries.first?.key.range
    ?? root.range
  guard let version = root["ditharos"] else {
    throw DiagnosticsError(diagnostics + [notASpec(place, "has no key `ditharos`")])
  }
  if let problem = unknownVersion(version) { throw DiagnosticsError(diagnostics + [problem]) }
  let components = resolveComponents(of: root, folder: folder)
  diagnostics += components.diagnostics
  let resolved = components.root.mergingAutoencoderPreset()
  diagnostics += resolved.diagnostics
  let hasDenoiser = entries.contains { entry in
    entry.key.isText("preset") || Grammar.denoiserKeyNames.contains(where: entry.key.isText)
  }
  let presetChoice = preset(of: root, hasDenoiser: hasDenoiser)
  diagnostics += presetChoice.diagnostics
  let tree = resolved.root.merged(
    over: presetChoice.tree, Grammar.root, place: presetChoice.place ?? place)
  var checker = SchemaChecker()
  let checked = checker.check(tree, Grammar.root, place: place, path: "")
  diagnostics += checker.diagnostics
  guard case .mapping(var checkedRoot) = checked.content else {
    throw DiagnosticsError(diagnostics)
  }
  for name in components.failed {
    checkedRoot.values[name] = CheckedValue(content: .invalid, place: place, isWritten: true)
  }
  if !hasDenoiser, Grammar.componentNames.allSatisfy({ root[$0] == nil }) {
    diagnostics.append(notASpec(place, "describes no model"))
  }
  if hasDenoiser {
    diagnostics += checkedRoot.requireDenoiserKeys(except: checker.misspelled)
  }
  var decoder = SpecDecoder(root: place)
  var spec = decoder.model(checkedRoot, hasDenoiser: hasDenoiser)
  decoder.checkRules(of: spec)
  let isBounded = decoder.checkCeilings(of: spec)
  decoder.decodeExample(checkedRoot, into: &spec)
  decoder.decodeParameters(
    checkedRoot, into: &spec,
    hasShapes: isBounded && diagnostics.allSatisfy { harmless.contains($0.rule) })
  diagnostics += decoder.diagnostics
  if diagnostics.contains(where: { $0.rule.severity == .error }) {
    throw DiagnosticsError(diagnostics.inTextOrder)
  }
  return LoadedSpec(
    spec: spec, warnings: diagnostics.inTextOrder, locations: decoder.locations)
}

/// Rules whose violations leave a stand-in, which the decoder remembers.
private let harmless: Set = [
  SpecRules.type, SpecRules.scalar, SpecRules.range, SpecRules.choice, SpecRules.text,
  SpecRules.shape,
]

private func notASpec(_ range: SourceRange, _ problem: String) -> Diagnostic {
  Diagnostic(
    SpecRules.notASpec, "`\(range.file)` \(problem): it is no spec",
    help: "a spec begins with `ditharos: \(Grammar.version)` and holds a denoiser, an "
      + "`autoencoder`, a `text_encoder` or `diffusion`", at: range)
}

private func start(of file: String) -> SourceRange {
  let start = SourcePosition(line: 1, column: 1)
  return SourceRange(file: file, start: start, end: start)
}

/// The folder of a file's path; of `-` the current one.
package func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

private struct PresetChoice {
  var tree: DocumentNode?
  /// Where the preset is named; nil when it is not.
  var place: SourceRange?
  var diagnostics: [Diagnostic] = []
}

private func preset(of root: DocumentNode, hasDenoiser: Bool) -> PresetChoice {
  guard hasDenoiser else { return PresetChoice() }
  guard let node = root["preset"] else {
    return PresetChoice(tree: Presets.tree(named: Presets.defaultName))
  }
  // What is no name is reported by the checker.
  guard let name = node.text, !name.isEmpty, name != "none" else {
    return PresetChoice(place: node.range)
  }
  if let tree = Presets.tree(named: name) {
    return PresetChoice(tree: tree, place: node.range)
  }
  return PresetChoice(
    tree: Presets.tree(named: Presets.defaultName), place: node.range,
    diagnostics: [
      unknownPreset(name, among: Presets.names, or: ["none"], at: node.range, path: "preset")
    ])
}

extension CheckedMapping {
  /// Reports the keys that a denoiser needs and does not have; they become invalid.
  fileprivate mutating func requireDenoiserKeys(except misspelled: Set<String>) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    for requirement in Grammar.denoiserRequirements
    where values[requirement.key] == nil && !requirement.waivers.contains(where: holds) {
      let name = requirement.key
      guard let key = Grammar.root.key(named: name) else { continue }
      values[name] = CheckedValue(content: .invalid, place: place, isWritten: false)
      if misspelled.contains(name) { continue }
      diagnostics.append(
        Diagnostic(
          SpecRules.missingKey, "`\(name)` is missing",
          help: "add `\(name): \(key.example)`: "
            + key.summary.prefix(1).lowercased() + key.summary.dropFirst().dropLast(),
          at: place, path: name))
    }
    return diagnostics
  }

  private func holds(_ waiver: Grammar.DenoiserRequirement.Waiver) -> Bool {
    switch waiver {
    case .key(let name): return values[name] != nil
    case .choice(let mapping, let key, let name):
      guard case .mapping(let inner)? = values[mapping]?.content,
        case .text(let choice)? = inner[key]?.content
      else { return false }
      return choice == name
    }
  }
}
