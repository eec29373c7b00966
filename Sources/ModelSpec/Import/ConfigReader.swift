import Diagnostics
import Documents

/// Collects what the arguments of a configuration of diffusers say.
struct ConfigReader {
  /// The class that the configuration names.
  let source: ImportedClass
  /// The keys so far.
  var keys = ImportedKeys()
  /// Everything that a spec cannot say, each at its place.
  private(set) var problems: [Diagnostic] = []
  private let entries: [DocumentNode.Entry]
  /// Where the class is named: the place of what is left out.
  let place: SourceRange

  /// The reader of a configuration of one of some classes.
  ///
  /// - Parameter kind: What the classes are, as in `scheduler`.
  /// - Throws: Rule `import.class` when the configuration is of none of them.
  init(
    _ config: DocumentNode, classes: [ImportedClass], kind: String
  ) throws(DiagnosticsError) {
    let names = classes.map(\.name)
    guard let entries = config.entries, let named = config["_class_name"], let name = named.text
    else {
      throw DiagnosticsError(
        Diagnostic(
          ImportRules.unsupportedClass, "the configuration names no \(kind)",
          help: "`_class_name` is \(listed(names))", at: config.range))
    }
    guard let source = classes.first(where: { $0.name == name }) else {
      throw DiagnosticsError(
        Diagnostic(
          ImportRules.unsupportedClass, "\(kind) \(quoted(name)) is not supported",
          help: "`_class_name` can be \(listed(names))", at: named.range))
    }
    self.source = source
    self.entries = entries
    place = named.range
    for constant in source.constants { keys.set(constant.path, constant.name, at: place) }
    readArguments()
  }

  private mutating func readArguments() {
    var silenced: Set<String> = []
    for choice in source.switches where node(of: choice.argument)?.text == choice.value {
      silenced.formUnion(choice.silenced)
      for value in choice.values { keys.set(value.path, value.name, at: place) }
    }
    for argument in source.arguments where !silenced.contains(argument.name) { read(argument) }
    for entry in entries {
      let name = entry.key.text ?? ""
      if name.hasPrefix("_") || source.arguments.contains(where: { $0.name == name }) { continue }
      keys.warnings.append(
        Diagnostic(
          ImportRules.unknownArgument,
          "\(quoted(name)) is no argument of \(source.name) and is ignored", at: entry.key.range))
    }
  }

  private mutating func read(_ argument: ImportedArgument) {
    guard let node = node(of: argument.name) else { return }
    switch argument.meaning {
    case .ignored, .special: return
    case .list(let path):
      keys[path] = node
      return
    case .key, .names, .only: break
    }
    guard let text = node.text else {
      report(argument.name, node, "is a list or a mapping, which is not supported")
      return
    }
    switch argument.meaning {
    case .ignored, .special, .list: break
    case .only(let accepted):
      if !accepted.contains(text) { reportValue(argument, node, accepted: accepted) }
    case .names(let path, let names):
      if let name = names[text] {
        keys.set(path, name, at: node.range)
      } else {
        reportValue(argument, node, accepted: names.keys.sorted())
      }
    case .key(let path):
      let saysNone = ["null", "-Infinity", "Infinity", "NaN"].contains(text)
      if saysNone { keys.set(path, "none", at: node.range) } else { keys[path] = node }
    }
  }

  /// The value of an argument of the class, its default where it is left out.
  func node(of name: String) -> DocumentNode? {
    if let entry = entries.first(where: { $0.key.isText(name) }) { return entry.value }
    return source.arguments.first { $0.name == name }.map { argument in
      let elements = argument.standardElements.map {
        $0.map { DocumentNode(.scalar($0, .plain), at: place) }
      }
      return DocumentNode(
        elements.map(DocumentNode.Kind.sequence) ?? .scalar(argument.standard, .plain), at: place)
    }
  }

  /// A whole number within limits; nil where the argument is none.
  ///
  /// - Parameter isReported: Whether that is a problem; otherwise whoever reads the key finds it.
  mutating func integer(
    _ name: String, _ range: ClosedRange<Int>, isReported: Bool = true
  ) -> Int? {
    guard let node = node(of: name) else { return nil }
    if case .scalar(let text, .plain) = node.kind, let value = Int(text), range.contains(value) {
      return value
    }
    if isReported {
      report(
        name, node,
        "is \(node.text.map(quoted) ?? "a list or a mapping"), expected an integer from "
          + "\(range.lowerBound) to \(range.upperBound)")
    }
    return nil
  }

  /// Whether an argument is left out or `null`.
  func isNull(_ name: String) -> Bool {
    guard let node = node(of: name) else { return true }
    if case .scalar("null", .plain) = node.kind { return true }
    return false
  }

  private mutating func reportValue(
    _ argument: ImportedArgument, _ node: DocumentNode, accepted: [String]
  ) {
    report(
      argument.name, node, "is \(quoted(node.text ?? "")), which is not supported",
      help: accepted.count == 1
        ? "only `\(accepted[0])` can be said in a spec"
        : "\(listed(accepted)) can be said in a spec")
  }

  /// Reports a value of an argument.
  mutating func report(
    _ name: String, _ node: DocumentNode, _ problem: String, help: String? = nil
  ) {
    problems.append(
      Diagnostic(
        ImportRules.argument, "`\(name)` of \(source.name) \(problem)", help: help,
        at: node.range))
  }
}
