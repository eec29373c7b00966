extension SpecRules {
  package static let missingKey = rule(
    "missing-key", "Keys without a default are written.",
    explanation: """
      Some keys have no default that would make sense for every model, such as the number of
      heads. They must be written, or come from a preset.
      """,
    failing: "depth: 2",
    fixed: """
      depth: 2
      heads: 4
      """)
}
