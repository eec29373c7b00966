import Diagnostics

/// Turns a prompt into word ids: lower-cased, split on anything but letters and digits.
package struct WordTokenizer: Sendable {
  /// What becomes of a word that is not in the vocabulary.
  package enum Unknown: Sendable, Hashable {
    case error
    case skip
    /// It takes this id.
    case token(Int)
  }

  private let vocabulary: [String]
  private let ids: [String: Int]
  private let unknown: Unknown
  private let length: Int
  private let paddingID: Int

  /// A tokenizer.
  ///
  /// - Parameters:
  ///   - vocabulary: The words, lower case; the index is the id.
  ///   - unknown: What becomes of other words.
  ///   - length: The number of ids.
  ///   - paddingID: The id that fills up a short prompt.
  package init(vocabulary: [String], unknown: Unknown, length: Int, paddingID: Int) {
    self.vocabulary = vocabulary
    ids = Dictionary(zip(vocabulary, 0...), uniquingKeysWith: { first, _ in first })
    self.unknown = unknown
    self.length = length
    self.paddingID = paddingID
  }

  /// The ids `[length]` of a prompt, padded.
  ///
  /// - Throws: The first twenty unknown words (`prompt.unknown-word`), and a prompt that is too long
  ///   (`prompt.too-long`).
  package func ids(for prompt: String) throws(DiagnosticsError) -> [Int] {
    var result: [Int] = []
    var diagnostics: [Diagnostic] = []
    for (index, word) in Self.words(of: prompt).enumerated() {
      if let id = ids[word] {
        result.append(id)
      } else {
        switch unknown {
        case .error:
          if diagnostics.count < 20 { diagnostics.append(unknownWord(word, number: index + 1)) }
        case .skip: break
        case .token(let id): result.append(id)
        }
      }
    }
    if diagnostics.isEmpty, result.count > length {
      diagnostics.append(
        Diagnostic(
          PromptRules.tooLong, "the prompt has \(result.count) words, the model reads \(length)",
          help: "leave out \(result.count - length)"))
    }
    if !diagnostics.isEmpty { throw DiagnosticsError(diagnostics) }
    return result + [Int](repeating: paddingID, count: length - result.count)
  }

  /// The words of a text: lower-cased runs of letters and decimal digits, marks included.
  package static func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isWordCharacter }.map(String.init)
  }

  private func unknownWord(_ word: String, number: Int) -> Diagnostic {
    let nearest = nearestName(to: word, among: vocabulary)
    let known = "the model knows " + listed(vocabulary, limit: 12, conjunction: "and")
    return Diagnostic(
      PromptRules.unknownWord,
      "word \(number) of the prompt, `\(word)`, is not in the vocabulary"
        + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
      help: known, suggestion: nearest)
  }
}

extension Character {
  fileprivate var isWordCharacter: Bool {
    isLetter || unicodeScalars.first?.properties.generalCategory == .decimalNumber
  }
}

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

  /// All of them.
  package static let all = [unknownWord, tooLong]
}
