extension SpecRules {
  package static let range = rule(
    "range", "A value is in the range of its key.",
    explanation: """
      A number outside its range makes a model that cannot be built, or one so large that no
      machine holds it. The message states the range, and so does the reference of keys.
      """,
    failing: """
      latent_dim: 100000
      depth: 0
        label: {classes: 10, dropout: 1}
      """,
    fixed: """
      latent_dim: 16
      depth: 2
        label: {classes: 10, dropout: 0.1}
      """)
}
