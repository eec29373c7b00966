extension SpecRules {
  package static let unknownParameter = rule(
    "unknown-parameter", "A parameter is one of the model's.",
    explanation: """
      `parameters` gives values to the model's own parameters. A name that the model does not
      have is a typing mistake, and the parameter that was meant would keep another value.
      """,
    failing: "  blocks.0.feedforward.bias: [-2, 2]",
    fixed: "  blocks.0.feed_forward.bias: [-2, 2]")
}
