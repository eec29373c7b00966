import Diagnostics
import Text

extension SpecRules {
  package static let vocabulary = rule(
    "vocabulary", "A vocabulary holds lower-case words, each once.",
    explanation: """
      Prompts are lower-cased and split on anything but letters and digits before they are
      looked up. An entry in capitals or with a space in it could never be found, and of two
      equal ones only one could.
      """,
    failing: "  prompt: {length: 3, vocabulary: {Sora: 0, is: 1, the sky: -1}}",
    fixed: "  prompt: {length: 3, vocabulary: {sora: 0, is: 1, sky: -1}}")
}

extension SpecDecoder {
  mutating func checkVocabulary(_ prompt: PromptCondition) {
    let path = prompt.wordsPath + ".vocabulary"
    guard isValid(path) else { return }
    if prompt.vocabulary.isEmpty {
      report(
        SpecRules.vocabulary, "the vocabulary is empty", help: "add words, as in `{sora: 0}`",
        at: path)
    }
    var firstIndex: [String: Int] = [:]
    var problemCount = 0
    for (index, word) in prompt.vocabulary.enumerated() where problemCount < 20 {
      let words = WordTokenizer.words(of: word.text)
      let wordPath = "\(path)[\(index)]"
      if words != [word.text] {
        problemCount += 1
        report(
          SpecRules.vocabulary, "`\(word.text)` is not a word as prompts are split into them",
          help: words.isEmpty
            ? "a word is letters and digits" : "write \(listed(words, conjunction: "and"))",
          at: wordPath)
      } else if let first = firstIndex[word.text] {
        problemCount += 1
        report(
          SpecRules.vocabulary, "`\(word.text)` stands twice, first as word \(first + 1)",
          help: "remove one of the two", at: wordPath,
          related: [("\(path)[\(first)]", "the first is here")])
      }
      firstIndex[word.text] = firstIndex[word.text] ?? index
    }
  }
}
