extension SpecRules {
  package static let pixelRange = rule(
    "pixel-range", "The brightest pixel has a greater value than the darkest.",
    explanation: """
      `range` gives the values of black and of white inside the model. Equal ones would divide
      by zero, and swapped ones would show a negative.
      """,
    failing: "video: {frames: 4, height: 2, width: 2, channels: 1, range: [1, -1]}",
    fixed: "video: {frames: 4, height: 2, width: 2, channels: 1, range: [-1, 1]}")
}
