import Diagnostics
import Documents

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The rules of policy files.
package enum PolicyRules {
  /// A policy file that says what it cannot.
  package static let policy = Rule(
    "policy.invalid", kind: .input,
    summary: "A `.ditharos.yaml` holds `severities`, a severity for each rule that it names.",
    explanation: """
      The policy of a folder of specs stands in `.ditharos.yaml` in it or in a folder around it, up
      to the one that holds `.git`; the nearest file holds. A rule that warns can be `error`,
      `warning` or `off`; one that finds errors can be `error` or `warning`, and every command but
      `validate` still refuses the spec. A mistyped rule would leave another in force.
      """,
    failing: "severities: {spec.unused-chanels: error}",
    fixed: "severities: {spec.unused-channels: error}")

  /// All of them.
  package static let all = [policy]
}

/// Finds and reads the `.ditharos.yaml` of specs, each file once.
package struct PolicyFiles {
  /// The name of a policy file.
  package static let name = ".ditharos.yaml"

  private let rules: [Rule]
  /// What is known of the folders that were looked at.
  private var known: [String: RulePolicy] = [:]
  /// What is wrong with the files read, in the order read.
  package private(set) var problems: [Diagnostic] = []

  /// Knows no file yet.
  ///
  /// - Parameter rules: All rules of the program.
  package init(rules: [Rule]) { self.rules = rules }

  /// The policy of a spec: that of the nearest `.ditharos.yaml` in its folder or around it, up to
  /// the folder that holds `.git`; what is wrong in the file is added to `problems`.
  ///
  /// - Parameter path: The spec; `-` stands in the current folder.
  package mutating func policy(ofSpec path: String) -> RulePolicy {
    var folder = path == "-" ? "." : folder(of: path)
    var visited: [String] = []
    var policy = RulePolicy()
    while true {
      if let found = known[folder] {
        policy = found
        break
      }
      visited.append(folder)
      let file = folder == "." ? Self.name : (folder == "/" ? "" : folder) + "/" + Self.name
      if access(file, F_OK) == 0 {
        policy = read(file)
        break
      }
      guard access(folder + "/.git", F_OK) != 0, let outer = outerFolder(of: folder),
        visited.count < 64
      else { break }
      folder = outer
    }
    for folder in visited { known[folder] = policy }
    return policy
  }

  private mutating func read(_ file: String) -> RulePolicy {
    do throws(DiagnosticsError) {
      let text = try readTextFile(file, byteLimit: 1 << 16)
      let (policy, problems) = rulePolicy(text: text, file: file, rules: rules)
      self.problems += problems
      return policy
    } catch {
      problems += error.diagnostics
      return RulePolicy()
    }
  }
}

/// The folder around another; nil for the topmost.
private func outerFolder(of folder: String) -> String? {
  var status = stat()
  var top = stat()
  guard stat(folder, &status) == 0, stat("/", &top) == 0,
    status.st_ino != top.st_ino || status.st_dev != top.st_dev
  else { return nil }
  let names = folder.split(separator: "/")
  guard let last = names.last, last != "..", last != "." else {
    return folder == "." ? ".." : folder + "/.."
  }
  if names.count == 1 { return folder.hasPrefix("/") ? "/" : "." }
  return (folder.hasPrefix("/") ? "/" : "") + names.dropLast().joined(separator: "/")
}

/// The policy that a text gives, with everything that is wrong with it; what is right holds.
///
/// - Parameter rules: All rules of the program.
package func rulePolicy(
  text: String, file: String, rules: [Rule]
) -> (policy: RulePolicy, problems: [Diagnostic]) {
  let limits = DocumentLimits(byteCount: 1 << 16, depth: 8, nodeCount: 10_000)
  let document = parseYAML(text, file: file, limits: limits)
  var policy = RulePolicy()
  var problems = document.diagnostics
  func report(
    _ message: String, help: String, _ node: DocumentNode, suggestion: String? = nil
  ) {
    problems.append(
      Diagnostic(
        PolicyRules.policy, message, help: help, at: node.range, suggestion: suggestion))
  }
  guard let root = document.root, root.text != "" else { return (policy, problems) }
  guard let entries = root.entries else {
    report(
      "`\(file)` is \(found(root)), expected a mapping", help: "write `severities: {…}`", root)
    return (policy, problems)
  }
  for entry in entries {
    guard entry.key.text == "severities" else {
      let nearest = nearestName(to: entry.key.text ?? "", among: ["severities"])
      report(
        "unknown key `\(entry.key.text ?? "")`"
          + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
        help: "a policy has the key `severities`", entry.key, suggestion: nearest)
      continue
    }
    if entry.value.text == "" { continue }
    guard let levels = entry.value.entries else {
      report(
        "`severities` is \(found(entry.value)), expected a mapping",
        help: "write a rule and its severity, as in `spec.unused-channels: error`", entry.value)
      continue
    }
    for level in levels {
      let id = level.key.text ?? ""
      guard let rule = rules.first(where: { $0.id == id }) else {
        let nearest = nearestName(to: id, among: rules.map(\.id))
        report(
          "there is no rule `\(id)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
          help: "`ditharos explain` lists the rules", level.key, suggestion: nearest)
        continue
      }
      if rule.levels.isEmpty {
        report(
          "the severity of `\(id)` is fixed",
          help: "only that of what is wrong in a spec can be set, not of \(whatIsFixed)",
          level.key)
        continue
      }
      let choices = rule.levels.map(\.rawValue)
      guard let value = level.value.text.flatMap(RulePolicy.Level.init),
        rule.levels.contains(value)
      else {
        let nearest = level.value.text.flatMap { nearestName(to: $0, among: choices) }
        report(
          level.value.text == "off"
            ? "`\(id)` finds errors, which cannot be turned off for a whole folder"
            : "`\(id)` is \(found(level.value)), expected \(listed(choices))",
          help: level.value.text == "off"
            ? "write `warning`, or `# ditharos: ignore \(id)` on the line in question"
            : "choose \(listed(choices))", level.value, suggestion: nearest)
        continue
      }
      policy.levels[id] = value
    }
  }
  return (policy, problems)
}
