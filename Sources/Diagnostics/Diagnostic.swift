/// How much a diagnostic matters.
package enum Severity: String, Sendable, Hashable {
  case error
  case warning
}

/// What went wrong, as far as the exit status is concerned.
package enum FaultKind: String, Sendable, Hashable {
  /// The spec is wrong: exit status 1.
  case spec
  /// A fault of the program itself: exit status 3.
  case program
  /// A file, prompt, label, tensor, weight or output path cannot be used: exit status 4.
  case input
  /// Only a budget is exceeded: exit status 5.
  case budget
  /// Wrong usage of the command line: exit status 64.
  case usage

  /// The exit status of a run whose only problems are of this kind.
  package var exitStatus: Int32 {
    switch self {
    case .spec: 1
    case .program: 3
    case .input: 4
    case .budget: 5
    case .usage: 64
    }
  }
}

/// A stable, named kind of problem.
package struct Rule: Sendable, Hashable {
  /// Stable identifier, as in `spec.heads-divide-width`.
  package let id: String
  /// How much its diagnostics matter.
  package let severity: Severity
  /// What it says about the run.
  package let kind: FaultKind
  /// One sentence: what the rule demands.
  package let summary: String
  /// Why it matters, in a few sentences.
  package let explanation: String
  /// Lines of a spec or a command that break it; empty where nobody writes such a thing.
  package let failing: String
  /// What those lines become.
  package let fixed: String

  /// A rule.
  package init(
    _ id: String, severity: Severity = .error, kind: FaultKind, summary: String,
    explanation: String = "", failing: String = "", fixed: String = ""
  ) {
    self.id = id
    self.severity = severity
    self.kind = kind
    self.summary = summary
    self.explanation = explanation
    self.failing = failing
    self.fixed = fixed
  }

  /// The same rule with diagnostics that matter more or less.
  package func with(severity: Severity) -> Rule {
    Rule(
      id, severity: severity, kind: kind, summary: summary, explanation: explanation,
      failing: failing, fixed: fixed)
  }

  // The identifier decides what a rule says; severities are a policy's to change.

  package static func == (left: Self, right: Self) -> Bool {
    left.id == right.id && left.severity == right.severity
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// One located problem; every rendering is made from this value.
package struct Diagnostic: Sendable, Hashable {
  /// A second place that matters, with what it contributes.
  package struct Related: Sendable, Hashable {
    /// Where.
    package var range: SourceRange
    /// Why it matters, as in `the prompt's length is set here`.
    package var message: String

    /// A related place.
    package init(_ range: SourceRange, _ message: String) {
      self.range = range
      self.message = message
    }
  }

  /// The kind of problem.
  package var rule: Rule
  /// What is wrong, complete on its own; lower case, no final period.
  package var message: String
  /// What to do about it.
  package var help: String?
  /// The place that is wrong; nil when the problem is in no text.
  package var primary: SourceRange?
  /// Other places that matter.
  package var related: [Related]
  /// The spec path, as in `blocks[0].sublayers[1].heads`.
  package var path: String?
  /// The text that would repair `primary` if it replaced it.
  package var suggestion: String?
  /// Whether the suggestion can only be what was meant, so that a program may apply it.
  package var isSafe: Bool

  /// A diagnostic.
  package init(
    _ rule: Rule, _ message: String, help: String? = nil, at primary: SourceRange? = nil,
    related: [Related] = [], path: String? = nil, suggestion: String? = nil, isSafe: Bool = false
  ) {
    self.rule = rule
    self.message = message
    self.help = help
    self.primary = primary
    self.related = related
    self.path = path
    self.suggestion = suggestion
    self.isSafe = isSafe && suggestion != nil
  }
}

/// The problems that stopped an operation, at least one of them an error.
package struct DiagnosticsError: Error, Sendable {
  /// All of them, in the order found.
  package let diagnostics: [Diagnostic]

  /// An error of the given problems.
  ///
  /// - Precondition: `diagnostics` is not empty.
  package init(_ diagnostics: [Diagnostic]) {
    precondition(!diagnostics.isEmpty, "an error needs a diagnostic")
    self.diagnostics = diagnostics
  }

  /// An error of one problem.
  package init(_ diagnostic: Diagnostic) { diagnostics = [diagnostic] }
}
