/// A transformer that reads the words of a prompt: key `text_encoder`.
///
/// Rows of a word table and of a position table are added; each block is an attention and a
/// feed-forward part, both after a norm and with a residual; a norm follows the last block. Norms
/// have no learned scale or shift, which the linear layers after them hold. Every word reads every
/// other, padding included: its row of the table is learned.
package struct TextEncoder: Sendable, Hashable {
  /// The width of a word inside the encoder and of its output.
  package var width: Int
  /// The number of blocks.
  package var depth: Int
  /// The number of attention heads; divides the width.
  package var heads: Int
  /// The width between the two layers of a feed-forward part.
  package var hidden: Int
  /// The function between the two layers of a feed-forward part.
  package var activation: Activation
  /// What every norm adds to the variance.
  package var normEpsilon: Double
  /// The number of words read; of longer prompts the end is cut off.
  package var length: Int
  /// What becomes of a word that is not in the vocabulary.
  package var unknown: PromptCondition.Unknown
  /// The words, in order.
  package var vocabulary: [String]

  /// An encoder.
  package init(
    width: Int, depth: Int, heads: Int, hidden: Int, activation: Activation, normEpsilon: Double,
    length: Int, unknown: PromptCondition.Unknown, vocabulary: [String]
  ) {
    self.width = width
    self.depth = depth
    self.heads = heads
    self.hidden = hidden
    self.activation = activation
    self.normEpsilon = normEpsilon
    self.length = length
    self.unknown = unknown
    self.vocabulary = vocabulary
  }

  /// The attention of each block.
  package var attention: SelfAttention {
    SelfAttention(heads: heads, map: .computed, value: .linear, projection: .linear)
  }

  /// The feed-forward part of each block.
  package var feedForward: FeedForward {
    FeedForward(layers: .mlp(hidden: hidden, activation: activation))
  }
}

extension PromptCondition {
  /// A prompt that a text encoder reads.
  package init(_ encoder: TextEncoder, dropout: Double) {
    self.init(
      embedding: .textEncoder, length: encoder.length, unknown: encoder.unknown,
      vocabulary: encoder.vocabulary.map { Word(text: $0, vector: nil) }, width: encoder.width,
      dropout: dropout)
  }
}

extension ModelSpec {
  /// The encoder that the prompt goes through; nil where it goes through none.
  package var promptEncoder: TextEncoder? {
    denoiser?.conditioning.prompt?.embedding == .textEncoder ? textEncoder : nil
  }
}
