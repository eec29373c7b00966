import Diagnostics
import Text

/// Words as a condition: key `prompt`.
package struct PromptCondition: Sendable, Hashable {
  /// How words become a vector.
  package enum Embedding: String, Sendable, Hashable, CaseIterable {
    /// A vector per word, one after the other.
    case words
    /// The mean over the words of what the text encoder makes of them; blocks can read each.
    case textEncoder = "text_encoder"
  }

  /// What becomes of a word that is not in the vocabulary.
  package enum Unknown: String, Sendable, Hashable, CaseIterable {
    case error
    case skip
    /// It reads the row after the last word's.
    case token
  }

  /// A word and, where the spec gives it, its vector.
  package struct Word: Sendable, Hashable {
    /// The word, lower case.
    package var text: String
    /// Its vector; nil when the table is a parameter.
    package var vector: [Float]?

    /// A word.
    package init(text: String, vector: [Float]?) {
      self.text = text
      self.vector = vector
    }
  }

  /// How words become a vector.
  package var embedding: Embedding
  /// The number of words read; shorter prompts are filled up with padding.
  package var length: Int
  /// What becomes of a word that is not in the vocabulary.
  package var unknown: Unknown
  /// The words, in order; all with a vector, or none.
  package var vocabulary: [Word]
  /// The width of a word's vector; with a text encoder that of its output.
  package var width: Int
  /// How often training drops the prompt; above 0, guidance can leave it out.
  package var dropout: Double

  /// A prompt.
  package init(
    embedding: Embedding = .words, length: Int, unknown: Unknown, vocabulary: [Word], width: Int,
    dropout: Double
  ) {
    self.embedding = embedding
    self.length = length
    self.unknown = unknown
    self.vocabulary = vocabulary
    self.width = width
    self.dropout = dropout
  }

  /// Whether the word table is a parameter rather than part of the spec.
  package var tableIsLearned: Bool { vocabulary.first?.vector == nil }

  /// The id that fills up a short prompt; its vector is zero, with a text encoder learned.
  package var paddingID: Int { vocabulary.count + (unknown == .token ? 1 : 0) }

  /// The width of the prompt as one vector.
  package var vectorWidth: Int {
    switch embedding {
    case .words: length * width
    case .textEncoder: width
    }
  }

  /// The path of the mapping that holds `length`, `unknown` and `vocabulary`.
  package var wordsPath: String {
    switch embedding {
    case .words: "conditioning.prompt"
    case .textEncoder: "text_encoder"
    }
  }

  /// Turns prompts into ids.
  package var tokenizer: WordTokenizer {
    let rule: WordTokenizer.Unknown =
      switch unknown {
      case .error: .error
      case .skip: .skip
      case .token: .token(vocabulary.count)
      }
    return WordTokenizer(
      vocabulary: vocabulary.map(\.text), unknown: rule, length: length,
      cutsLongPrompts: embedding == .textEncoder, paddingID: paddingID)
  }

  /// The ids `[length]` of a text's words, padded.
  ///
  /// - Throws: The rules of prompts.
  package func ids(for text: String) throws(DiagnosticsError) -> [Int] {
    try tokenizer.ids(for: text)
  }

  /// The words of a text that are not in the vocabulary, in order.
  package func unknownWords(of text: String) -> [String] { tokenizer.unknownWords(of: text) }

  /// How many words of a text have no place.
  package func cutCount(of text: String) -> Int { tokenizer.cutCount(of: text) }
}
