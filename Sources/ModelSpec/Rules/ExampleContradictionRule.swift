extension SpecRules {
  package static let exampleContradiction = rule(
    "example-contradiction", "An example gives only what the model takes.",
    explanation: """
      A value of an example that the model does not take would be dropped in silence: a label
      for a model without classes, or a timestep past the greatest.
      """,
    failing: "example: {label: 3, timestep: 4, image: [[0]]}",
    fixed: "example: {timestep: 3}")
}
