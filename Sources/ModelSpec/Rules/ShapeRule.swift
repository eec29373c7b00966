extension SpecRules {
  package static let shape = rule(
    "shape", "Lists of a level are equally long.",
    explanation: """
      A list of lists is a matrix, and the rows of a matrix are equally long. A shorter row is
      a value that was forgotten.
      """,
    failing: "  autoencoder.encoder.weight: [[1, 0, -1, 0], [0, 1, 0]]",
    fixed: "  autoencoder.encoder.weight: [[1, 0, -1, 0], [0, 1, 0, 1]]")
}
