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
  private let cutsLongPrompts: Bool
  private let paddingID: Int

  /// A tokenizer.
  ///
  /// - Parameters:
  ///   - vocabulary: The words, lower case; the index is the id.
  ///   - unknown: What becomes of other words.
  ///   - length: The number of ids.
  ///   - cutsLongPrompts: Whether the words of a prompt after the last place are left out, rather
  ///     than the prompt refused.
  ///   - paddingID: The id that fills up a short prompt.
  package init(
    vocabulary: [String], unknown: Unknown, length: Int, cutsLongPrompts: Bool = false,
    paddingID: Int
  ) {
    self.vocabulary = vocabulary
    ids = Dictionary(zip(vocabulary, 0...), uniquingKeysWith: { first, _ in first })
    self.unknown = unknown
    self.length = length
    self.cutsLongPrompts = cutsLongPrompts
    self.paddingID = paddingID
  }

  /// The ids `[length]` of a prompt, padded.
  ///
  /// - Throws: The first twenty unknown words (`prompt.unknown-word`), and a prompt that is too long
  ///   (`prompt.too-long`).
  package func ids(for prompt: String) throws(DiagnosticsError) -> [Int] {
    try reading(of: prompt).ids
  }

  /// The ids `[length]` of a prompt, padded, and what of the prompt they do not hold.
  ///
  /// - Returns: The ids; as warnings, the first twenty words that are skipped or read as an unknown
  ///   one (`prompt.unread-word`), and the words cut off (`prompt.cut`).
  /// - Throws: As `ids(for:)`.
  package func reading(
    of prompt: String
  ) throws(DiagnosticsError) -> (ids: [Int], warnings: [Diagnostic]) {
    var result: [Int] = []
    var wordsRead: [String] = []
    var problems: [Diagnostic] = []
    for (index, word) in Self.words(of: prompt).enumerated() {
      if let id = ids[word] {
        result.append(id)
        wordsRead.append(word)
        continue
      }
      if problems.count < 20 { problems.append(unknownWord(word, number: index + 1)) }
      if case .token(let id) = unknown {
        result.append(id)
        wordsRead.append(word)
      }
    }
    if unknown == .error, !problems.isEmpty { throw DiagnosticsError(problems) }
    if result.count > length {
      let message = "the prompt has \(result.count) words, the model reads \(length)"
      if !cutsLongPrompts {
        throw DiagnosticsError(
          Diagnostic(
            PromptRules.tooLong, message, help: "leave out \(result.count - length)"))
      }
      problems.append(
        Diagnostic(
          PromptRules.cut,
          message + ": it is cut before "
            + listed(Array(wordsRead[length...]), limit: 8, conjunction: "and"),
          help: "say it in \(length) words"))
    }
    let padding = [Int](repeating: paddingID, count: max(0, length - result.count))
    return (result.prefix(length) + padding, problems)
  }

  /// The words of a prompt that are not in the vocabulary, in order.
  package func unknownWords(of prompt: String) -> [String] {
    Self.words(of: prompt).filter { ids[$0] == nil }
  }

  /// How many words of a prompt have no place.
  package func cutCount(of prompt: String) -> Int {
    var words = Self.words(of: prompt)
    if unknown == .skip { words.removeAll { ids[$0] == nil } }
    return max(0, words.count - length)
  }

  /// The words of a text: lower-cased runs of letters and decimal digits, marks included.
  package static func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isWordCharacter }.map(String.init)
  }

  private func unknownWord(_ word: String, number: Int) -> Diagnostic {
    let nearest = nearestName(to: word, among: vocabulary)
    let known = "the model knows " + listed(vocabulary, limit: 12, conjunction: "and")
    let (rule, consequence) =
      switch unknown {
      case .error: (PromptRules.unknownWord, "")
      case .skip: (PromptRules.unreadWord, " and is left out")
      case .token: (PromptRules.unreadWord, " and is read as an unknown one")
      }
    return Diagnostic(
      rule,
      "word \(number) of the prompt, `\(word)`, is not in the vocabulary" + consequence
        + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
      help: known, suggestion: nearest)
  }
}

extension Character {
  fileprivate var isWordCharacter: Bool {
    isLetter || unicodeScalars.first?.properties.generalCategory == .decimalNumber
  }
}
