extension SpecRules {
  package static let parameterShape = rule(
    "parameter-shape", "A parameter has the shape that the model gives it.",
    explanation: """
      A matrix is written [out, in], row by row. One of another shape, its transpose included,
      is refused and not rearranged.
      """,
    failing: "  autoencoder.encoder.weight: [[1, 0], [0, 1], [-1, 0], [0, 1]]",
    fixed: "  autoencoder.encoder.weight: [[1, 0, -1, 0], [0, 1, 0, 1]]")
}
