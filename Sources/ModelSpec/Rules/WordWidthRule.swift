import Diagnostics

extension SpecRules {
  package static let wordWidth = rule(
    "word-width", "The vectors of a vocabulary are equally wide.",
    explanation: """
      The words of a prompt are laid side by side as one condition, so that each takes the
      same number of values.
      """,
    failing: "  prompt: {length: 3, vocabulary: {sora: [0, 1], is: [1, 1], sky: [-1]}}",
    fixed: "  prompt: {length: 3, vocabulary: {sora: [0, 1], is: [1, 1], sky: [-1, 0]}}")
}

extension SpecDecoder {
  mutating func checkWordWidth(_ prompt: PromptCondition) {
    let path = "conditioning.prompt.vocabulary"
    guard let first = prompt.vocabulary.first else { return }
    let width = first.vector?.count ?? 0
    var problemCount = 0
    for (index, word) in prompt.vocabulary.enumerated() where problemCount < 20 {
      let count = word.vector?.count ?? 0
      guard count != width, isValid("\(path)[\(index)]"), isValid("\(path)[0]") else { continue }
      problemCount += 1
      report(
        SpecRules.wordWidth,
        "the vector of `\(word.text)` has \(count) \(count == 1 ? "value" : "values"), that of "
          + "the first word, `\(first.text)`, has \(width)",
        help: "give each word \(width) \(width == 1 ? "value" : "values")",
        at: "\(path)[\(index)]",
        related: [("\(path)[0]", "the first word is here")])
    }
  }
}
