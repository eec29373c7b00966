extension SpecRules {
  package static let exampleShape = rule(
    "example-shape", "An example's values have the shape of the model's inputs.",
    explanation: """
      An example holds defaults of the model's inputs. Axes of one element at the front and at
      the back may be left out, others may not.
      """,
    failing: """
        video: [[0, 1], [1, 0]]
        noise: [[1, -1, 1], [1, -1, 0]]
      """,
    fixed: """
        video: [[[0, 1], [1, 0]], [[1, 1], [0, 0]], [[0, 1], [0, 1]], [[1, 0], [1, 0]]]
        noise: [[1, -1, 1, 0], [1, -1, 0, 1]]
      """)
}
