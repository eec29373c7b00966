import Diagnostics

extension SpecRules {
  package static let unknownRule = rule(
    "unknown-rule", "A comment that ignores a rule names a rule there is.", severity: .warning,
    explanation: """
      A mistyped rule in `# ditharos: ignore` suppresses nothing. `ditharos explain` lists all
      rules.
      """,
    failing: "heads: 4  # ditharos: ignore spec.head-divides-width",
    fixed: "heads: 4")
}
