extension SpecRules {
  package static let unknownKey = rule(
    "unknown-key", "Every key is one that its mapping has.",
    explanation: """
      A mistyped key that is silently ignored leaves a default in force, and the model is
      another than the one written. Every mapping takes the keys of its own reference, and
      nothing else.
      """,
    failing: """
      dept: 2
        label: {class: 10, dropout: 0.1}
      """,
    fixed: """
      depth: 2
        label: {classes: 10, dropout: 0.1}
      """)
}
