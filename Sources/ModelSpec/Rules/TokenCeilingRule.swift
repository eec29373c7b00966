extension SpecRules {
  package static let tokenCeiling = rule(
    "token-ceiling", "A latent has at most 1,048,576 tokens.",
    explanation: """
      Attention compares every token with every other, so that its work grows with the square
      of their number. Larger patches make fewer tokens.
      """,
    failing: "patch_size: 2",
    fixed: "patch_size: 8")
}
