import Diagnostics

/// What a team makes of rules: the severities of a `.ditharos.yaml`, and the comments of a spec
/// that ignore a rule.
///
/// A policy changes what `validate` reports. A spec with an error stays one that no other command
/// takes, whatever the policy says of it.
package struct RulePolicy: Sendable {
  /// How much the diagnostics of a rule matter.
  package enum Level: String, Sendable, CaseIterable {
    case error
    case warning
    /// They are not reported.
    case off
  }

  /// The level of each rule that differs from the rule's own, by identifier.
  package var levels: [String: Level] = [:]

  /// The policy that leaves severities as they are.
  package init() {}

  /// Diagnostics as the policy and the comments of the specs want them.
  ///
  /// An ignore that hides nothing is reported, unless errors are left that may have hidden its
  /// cause.
  ///
  /// - Parameters:
  ///   - diagnostics: What was found in one spec, its components included.
  ///   - file: The spec's name in ranges.
  ///   - rules: All rules of the program.
  ///   - text: The text of a file by its name; nil when it is not known.
  package func applied(
    to diagnostics: [Diagnostic], file: String, rules: [Rule], text: (String) -> String?
  ) -> [Diagnostic] {
    var comments: [IgnoreComment] = []
    var files: Set<String> = []
    for name in [file] + diagnostics.compactMap({ $0.primary?.file })
    where files.insert(name).inserted {
      comments += text(name).map { ignoreComments(in: $0, file: name) } ?? []
    }
    var isUsed = comments.map { $0.names.map { _ in false } }
    var kept = diagnostics.filter { diagnostic in
      guard let place = diagnostic.primary, diagnostic.rule.isIgnorable else { return true }
      for (index, comment) in comments.enumerated()
      where comment.line == place.start.line && comment.range.file == place.file {
        guard let name = comment.names.firstIndex(where: { $0.id == diagnostic.rule.id }) else {
          continue
        }
        isUsed[index][name] = true
        return false
      }
      return true
    }
    let hasErrors = leveled(kept).contains { $0.rule.severity == .error }
    for (comment, used) in zip(comments, isUsed) where comment.range.file == file {
      kept += problems(of: comment, used, rules: rules, reportsUnused: !hasErrors)
    }
    return leveled(kept).inTextOrder
  }

  private func leveled(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    if levels.isEmpty { return diagnostics }
    return diagnostics.compactMap { diagnostic in
      var diagnostic = diagnostic
      switch levels[diagnostic.rule.id] {
      case nil: break
      case .off?: return nil
      case .error?: diagnostic.rule = diagnostic.rule.with(severity: .error)
      case .warning?: diagnostic.rule = diagnostic.rule.with(severity: .warning)
      }
      return diagnostic
    }
  }

  private func problems(
    of comment: IgnoreComment, _ isUsed: [Bool], rules: [Rule], reportsUnused: Bool
  ) -> [Diagnostic] {
    if comment.names.isEmpty {
      return [
        Diagnostic(
          SpecRules.unusedIgnore, "the comment ignores no rule",
          help: "name the rule, as in `# ditharos: ignore spec.unused-channels`",
          at: comment.range)
      ]
    }
    var problems: [Diagnostic] = []
    for (name, isUsed) in zip(comment.names, isUsed) where !isUsed {
      guard let rule = rules.first(where: { $0.id == name.id }) else {
        problems.append(unknownRule(name.id, among: rules, at: name.range))
        continue
      }
      if !rule.isIgnorable {
        problems.append(
          Diagnostic(
            SpecRules.unusedIgnore, "`\(name.id)` cannot be ignored",
            help: "only what is wrong in a spec can, not \(whatIsFixed)", at: name.range))
      } else if reportsUnused {
        problems.append(
          Diagnostic(
            SpecRules.unusedIgnore,
            "`\(name.id)` is ignored here, but "
              + (comment.line == 0
                ? "no line follows"
                : "line \(comment.line) has no problem of that rule"),
            help: "remove the comment", at: name.range))
      }
    }
    return problems
  }
}

/// The warning of a rule that there is not.
private func unknownRule(
  _ id: String, among rules: [Rule], at range: SourceRange
) -> Diagnostic {
  let nearest = nearestName(to: id, among: rules.map(\.id))
  return Diagnostic(
    SpecRules.unknownRule,
    "there is no rule `\(id)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
    help: "`ditharos explain` lists the rules", at: range, suggestion: nearest)
}

/// What the policies of teams leave alone.
let whatIsFixed = "YAML that cannot be read, files, or the command line"

extension Rule {
  /// Whether a comment can hide its diagnostics: what is wrong in a spec that can be read, and
  /// budgets.
  package var isIgnorable: Bool {
    if kind == .budget { return true }
    let fixed = [
      SpecRules.notASpec, SpecRules.languageVersion, SpecRules.unusedIgnore, SpecRules.unknownRule,
    ]
    return id.hasPrefix("spec.") && !fixed.contains { $0.id == id }
  }

  /// The levels that a policy can give it: none for rules that are not of specs; an error after
  /// which no command takes the spec can become a warning, but not vanish from a whole folder.
  package var levels: [RulePolicy.Level] {
    let isNote = [SpecRules.unusedIgnore.id, SpecRules.unknownRule.id].contains(id)
    guard isIgnorable || isNote else { return [] }
    return severity == .warning || kind == .budget ? [.error, .warning, .off] : [.error, .warning]
  }
}
