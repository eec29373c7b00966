import Diagnostics
import Text

extension SpecRules {
  package static let examplePrompt = rule(
    "example-prompt", "An example's prompt is made of words that the model reads.",
    explanation: """
      The prompt of an example is the default of a run. With `unknown: error` every word of it is
      in the vocabulary, and it has at most `length` words; otherwise every run without a prompt
      of its own would fail.
      """,
    failing: "example: {prompt: sora is sy}",
    fixed: "example: {prompt: sora is sky}")
}

extension SpecDecoder {
  mutating func checkExamplePrompt(_ text: String, _ prompt: PromptCondition) {
    let path = "example.prompt"
    let words = prompt.wordsPath
    guard isValid(path), isValid("conditioning.prompt"), isValid(words) else { return }
    do throws(DiagnosticsError) {
      _ = try prompt.tokenizer.ids(for: text)
    } catch {
      for problem in error.diagnostics {
        let isTooLong = problem.rule.id == PromptRules.tooLong.id
        report(
          SpecRules.examplePrompt, problem.message, help: problem.help, at: path,
          related: [
            isTooLong
              ? (words + ".length", "the number of words is set here")
              : (words + ".vocabulary", "the vocabulary is set here")
          ])
      }
    }
  }
}
