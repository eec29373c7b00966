import Diagnostics

extension SpecRules {
  package static let textEncoderMissing = rule(
    "text-encoder-missing", "What reads words has a text encoder to read them from.",
    explanation: """
      `embedding: text_encoder` hands the prompt to the component `text_encoder`, and
      cross-attention reads what that makes of each word: it needs both, the component and a
      `prompt` that goes through it.
      """,
    failing: "  prompt: none",
    fixed: "  prompt: {embedding: text_encoder, dropout: 0.1}")
}

extension SpecDecoder {
  /// Reports a prompt for a text encoder that is not there; silent where one is that is wrong.
  mutating func reportMissingTextEncoder(at path: String) {
    guard isValid("text_encoder") else { return markInvalid(path) }
    report(
      SpecRules.textEncoderMissing, "there is no `text_encoder` for the prompt to go through",
      help: "add `text_encoder: {width: 64, depth: 2, heads: 4, length: 8, vocabulary: [...]}`",
      at: path)
  }

  /// Checks that cross-attention has words to read.
  mutating func checkWordsExist(_ denoiser: Denoiser) {
    guard isValid("conditioning.prompt"), isValid("blocks"), isValid("text_encoder"),
      denoiser.conditioning.prompt?.embedding != .textEncoder
    else { return }
    for (groupIndex, group) in denoiser.blocks.enumerated() {
      for (index, sublayer) in group.sublayers.enumerated() {
        guard case .crossAttention = sublayer.operation else { continue }
        report(
          SpecRules.textEncoderMissing, "cross-attention has no words to read",
          help: "add `prompt: {embedding: text_encoder}` to `conditioning`, and a `text_encoder`",
          at: "blocks[\(groupIndex)].sublayers[\(index)]",
          related: [("conditioning.prompt", "the prompt is set here")])
        return
      }
    }
  }
}
