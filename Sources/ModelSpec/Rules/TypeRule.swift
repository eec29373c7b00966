extension SpecRules {
  package static let type = rule(
    "type", "A value is of the type that its key takes.",
    explanation: """
      A key takes one type of value: a number, a name, a list or a mapping. A list where a
      number belongs cannot be guessed at, and numbers are finite: `.nan` and `.inf` are
      refused.
      """,
    failing: """
      patch_size: two
      heads: [4]
        label: {classes: ten, dropout: 0.1}
      """,
    fixed: """
      patch_size: 2
      heads: 4
        label: {classes: 10, dropout: 0.1}
      """)
}
