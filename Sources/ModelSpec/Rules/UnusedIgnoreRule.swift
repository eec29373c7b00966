import Diagnostics

extension SpecRules {
  package static let unusedIgnore = rule(
    "unused-ignore", "A comment that ignores a rule suppresses something.", severity: .warning,
    explanation: """
      `# ditharos: ignore RULE` hides that rule's diagnostics on its line, or on the next one
      where it has a line of its own. One that hides nothing is left over from a mistake that
      was repaired, and would hide the next. YAML that cannot be read, files and faults cannot
      be ignored.
      """,
    failing: "heads: 4  # ditharos: ignore spec.heads-divide-width",
    fixed: "heads: 4")
}
