import Diagnostics
import Documents
import Schedules

/// A scheduler's configuration as keys of a spec.
package struct ImportedScheduler: Sendable {
  /// The value of the key `diffusion`, without `variance`, `steps` and guidance, of which a
  /// scheduler knows nothing.
  package var diffusion: YAMLValue
  /// Arguments that were ignored.
  package var warnings: [Diagnostic]
}

/// Reads a `scheduler_config.json` of diffusers; arguments that are left out have the defaults of
/// diffusers 0.42.1.
///
/// The noise levels of a flow are those that the scheduler makes by itself, `spacing: linspace`; a
/// pipeline that hands it levels from 1 to 1 / steps needs `spacing: trailing`.
///
/// - Parameter config: The configuration, with infinities allowed.
/// - Throws: Rule `import.scheduler` for everything that a spec cannot say, each at its place.
package func importScheduler(
  _ config: DocumentNode
) throws(DiagnosticsError) -> ImportedScheduler {
  let names = SchedulerClass.all.map(\.name)
  guard let entries = config.entries, let named = config["_class_name"], let name = named.text
  else {
    throw DiagnosticsError(
      Diagnostic(
        ImportRules.scheduler, "the configuration names no scheduler",
        help: "`_class_name` is \(listed(names))", at: config.range))
  }
  guard let scheduler = SchedulerClass.all.first(where: { $0.name == name }) else {
    throw DiagnosticsError(
      Diagnostic(
        ImportRules.scheduler, "scheduler `\(name)` is not supported",
        help: "`_class_name` can be \(listed(names))", at: named.range))
  }
  var reader = SchedulerReader(scheduler, entries, named.range)
  reader.readArguments()
  let tree = reader.tree(Grammar.diffusion, at: "")
  var checker = SchemaChecker()
  _ = checker.check(tree, Grammar.diffusion, place: named.range, path: "diffusion")
  let problems =
    reader.problems
    + checker.diagnostics.map {
      Diagnostic(ImportRules.scheduler, $0.message, help: $0.help, at: $0.primary ?? named.range)
    }
  if !problems.isEmpty { throw DiagnosticsError(problems) }
  return ImportedScheduler(diffusion: tree.yamlValue, warnings: reader.warnings)
}

/// Collects what the arguments of a scheduler say.
private struct SchedulerReader {
  private let scheduler: SchedulerClass
  private let entries: [DocumentNode.Entry]
  private let place: SourceRange
  /// By path within `diffusion`.
  private var values: [String: DocumentNode] = [:]
  private(set) var problems: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []

  init(_ scheduler: SchedulerClass, _ entries: [DocumentNode.Entry], _ place: SourceRange) {
    self.scheduler = scheduler
    self.entries = entries
    self.place = place
    values["sampler"] = word(scheduler.sampler.rawValue, at: place)
  }

  mutating func readArguments() {
    let silenced = Set(
      scheduler.switches.filter { node(of: $0.argument)?.text == $0.value }
        .flatMap(\.silenced))
    for argument in scheduler.arguments where !silenced.contains(argument.name) {
      read(argument)
    }
    let isFlow =
      scheduler.sampler == .euler || node(of: "use_flow_sigmas")?.text == "true"
    if isFlow { values["schedule.curve"] = word("flow", at: place) }
    if scheduler.sampler == .euler { values["prediction"] = word("flow", at: place) }
    for entry in entries {
      let name = entry.key.text ?? ""
      if name.hasPrefix("_") || scheduler.arguments.contains(where: { $0.name == name }) {
        continue
      }
      warnings.append(
        Diagnostic(
          ImportRules.schedulerArgument,
          "`\(name)` is no argument of \(scheduler.name) and is ignored", at: entry.key.range))
    }
  }

  private mutating func read(_ argument: SchedulerArgument) {
    guard let node = node(of: argument.name) else { return }
    guard let text = node.text else {
      unsupported(argument, node, "a list or a mapping")
      return
    }
    switch argument.meaning {
    case .ignored: break
    case .only(let accepted):
      if !accepted.contains(text) { unsupported(argument, node, accepted: accepted) }
    case .names(let path, let names):
      if let name = names[text] {
        values[path] = word(name, at: node.range)
      } else {
        unsupported(argument, node, accepted: names.keys.sorted())
      }
    case .key(let path):
      let saysNone = ["null", "-Infinity", "Infinity", "NaN"].contains(text)
      values[path] = saysNone ? word("none", at: node.range) : node
    }
  }

  /// The value of an argument of the class, its default where it is left out.
  private func node(of name: String) -> DocumentNode? {
    if let entry = entries.first(where: { $0.key.isText(name) }) { return entry.value }
    return scheduler.arguments.first { $0.name == name }.map { word($0.standard, at: place) }
  }

  private func word(_ text: String, at range: SourceRange) -> DocumentNode {
    DocumentNode(.scalar(text, .plain), at: range)
  }

  private mutating func unsupported(
    _ argument: SchedulerArgument, _ node: DocumentNode, accepted: [String]
  ) {
    unsupported(
      argument, node, "`\(node.text ?? "")`",
      help: accepted.count == 1
        ? "only `\(accepted[0])` can be said in a spec"
        : "\(listed(accepted)) can be said in a spec")
  }

  private mutating func unsupported(
    _ argument: SchedulerArgument, _ node: DocumentNode, _ value: String, help: String? = nil
  ) {
    problems.append(
      Diagnostic(
        ImportRules.scheduler,
        "`\(argument.name)` of \(scheduler.name) is \(value), which is not supported", help: help,
        at: node.range))
  }

  /// The values as a mapping in the order of its keys; what does not apply says nothing.
  func tree(_ schema: MappingSchema, at prefix: String) -> DocumentNode {
    let kind = schema.discriminator.flatMap { values[prefix + $0]?.text }
    var entries: [DocumentNode.Entry] = []
    for key in schema.keys {
      if let kind, !key.appliesTo.isEmpty, !key.appliesTo.contains(kind) { continue }
      let path = prefix + key.name
      if let value = values[path] {
        entries.append(DocumentNode.Entry(key: word(key.name, at: value.range), value: value))
      } else if let inner = key.value.mappingSchema,
        values.keys.contains(where: { $0.hasPrefix(path + ".") })
      {
        entries.append(
          DocumentNode.Entry(
            key: word(key.name, at: place), value: tree(inner, at: path + ".")))
      }
    }
    return DocumentNode(.mapping(entries), at: place)
  }
}

extension DocumentNode {
  /// The value, to be written.
  fileprivate var yamlValue: YAMLValue {
    switch kind {
    case .scalar(let text, _): .plain(text)
    case .sequence(let elements): .sequence(elements.map(\.yamlValue))
    case .mapping(let entries):
      .mapping(entries.map { ($0.key.text ?? "", $0.value.yamlValue) })
    }
  }
}
