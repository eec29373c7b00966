import Diagnostics
import ModelSpec

/// What a model does not read of the captions of its data.
package struct UnreadCaptions: Sendable, Hashable {
  /// How often each word occurs that is not in the vocabulary.
  package private(set) var unknownWords: [String: Int] = [:]
  /// The captions that are longer than what the model reads.
  package private(set) var cutCount = 0

  /// Nothing unread.
  package init() {}

  /// Counts what a model does not read of a caption that it takes.
  package mutating func add(_ caption: String, for prompt: PromptCondition) {
    for word in prompt.unknownWords(of: caption) { unknownWords[word, default: 0] += 1 }
    if prompt.cutCount(of: caption) > 0 { cutCount += 1 }
  }

  /// The most frequent unknown words, each with the nearest known one, and how many captions are
  /// cut; nil where all is read.
  package func text(for prompt: PromptCondition) -> String? {
    var parts: [String] = []
    if !unknownWords.isEmpty {
      let words = unknownWords.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      let vocabulary = prompt.vocabulary.map(\.text)
      let shown = words.prefix(5).map { word, count in
        "`\(word)` \(count) x"
          + (nearestName(to: word, among: vocabulary).map { " (did you mean `\($0)`?)" } ?? "")
      }
      let rest = words.count > 5 ? ", and \(words.count - 5) more" : ""
      parts.append(
        (prompt.unknown == .token ? "read as unknown: " : "words left out: ")
          + shown.joined(separator: ", ") + rest)
    }
    if cutCount > 0 {
      parts.append(
        "\(cutCount) \(cutCount == 1 ? "caption" : "captions") cut to \(prompt.length) words")
    }
    return parts.isEmpty ? nil : "captions: " + parts.joined(separator: "; ")
  }
}
