extension SpecRules {
  package static let choice = rule(
    "choice", "A name is one that its key takes.",
    explanation: """
      A key that takes a name takes one of a fixed list. The message gives the list and the
      nearest name.
      """,
    failing: "  modulation: adaln_zeros",
    fixed: "  modulation: adaln_zero")
}
