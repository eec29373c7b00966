import Diagnostics

/// The rules of prompts.
package enum PromptRules {
  /// A word is not in the vocabulary.
  package static let unknownWord = Rule(
    "prompt.unknown-word", kind: .input,
    summary: "Every word of the prompt is in the vocabulary.",
    explanation: """
      A model with a vocabulary knows only its words. With `unknown: error` any other is refused
      with the nearest known one; `unknown: skip` leaves it out.
      """,
    failing: #"ditharos run Specs/sora-by-hand.yaml --prompt "sora is skies""#,
    fixed: #"ditharos run Specs/sora-by-hand.yaml --prompt "sora is sky""#)
  /// The prompt has too many words.
  package static let tooLong = Rule(
    "prompt.too-long", kind: .input,
    summary: "The prompt has at most as many words as the model reads.",
    explanation: """
      The words of a prompt fill a fixed number of places. A longer prompt would lose its end,
      which changes what is asked for.
      """,
    failing: #"ditharos run Specs/sora-by-hand.yaml --prompt "sora is sky sky""#,
    fixed: #"ditharos run Specs/sora-by-hand.yaml --prompt "sora is sky""#)

  /// A word is not in the vocabulary of a model that goes on without it.
  package static let unreadWord = Rule(
    "prompt.unread-word", severity: .warning, kind: .input,
    summary: "The model knows the words of the prompt.",
    explanation: """
      With `unknown: skip` a word that is not in the vocabulary is left out, with `unknown: token`
      it reads the row that all such words share. Either way the result does not depend on which
      word it is.
      """,
    failing: #"ditharos run sky.yaml --prompt "a magenta balloon""#,
    fixed: #"ditharos run sky.yaml --prompt "a red balloon""#)
  /// The prompt is longer than what a text encoder reads.
  package static let cut = Rule(
    "prompt.cut", severity: .warning, kind: .input,
    summary: "A text encoder reads the whole prompt.",
    explanation: """
      A text encoder reads the first `length` words of a prompt; words that are skipped do not
      count. The rest changes nothing.
      """,
    failing: #"ditharos run sky.yaml --prompt "a very, very, very small red balloon""#,
    fixed: #"ditharos run sky.yaml --prompt "a small red balloon""#)

  /// All of them.
  package static let all = [unknownWord, tooLong, unreadWord, cut]
}
