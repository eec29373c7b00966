/// The diffusion transformer: the keys from `latent` to `final_layer`.
package struct Denoiser: Sendable, Hashable {
  /// What it denoises.
  package var latent: LatentSpace
  /// The positions of the latent that make one token.
  package var patchSize: PatchSize
  /// How a patch becomes a token.
  package var patchEmbedding: PatchEmbedding
  /// What tells a token where it is.
  package var position: Position
  /// The width of a token inside the transformer.
  package var latentDim: Int
  /// What the prediction depends on besides the latent.
  package var conditioning: Conditioning
  /// The stack of blocks, in groups of equal ones.
  package var blocks: [BlockGroup]
  /// How a token becomes a patch of the prediction.
  package var finalLayer: FinalLayer

  /// A denoiser.
  package init(
    latent: LatentSpace, patchSize: PatchSize, patchEmbedding: PatchEmbedding, position: Position,
    latentDim: Int, conditioning: Conditioning, blocks: [BlockGroup], finalLayer: FinalLayer
  ) {
    self.latent = latent
    self.patchSize = patchSize
    self.patchEmbedding = patchEmbedding
    self.position = position
    self.latentDim = latentDim
    self.conditioning = conditioning
    self.blocks = blocks
    self.finalLayer = finalLayer
  }

  /// Tokens along frames (1 for a picture), rows and columns.
  package var grid: [Int] {
    [
      (latent.frames ?? 1) / patchSize.frames, latent.height / patchSize.height,
      latent.width / patchSize.width,
    ]
  }

  /// The number of tokens.
  package var tokenCount: Int { grid.reduce(1, *) }

  /// The number of blocks in the stack.
  package var depth: Int { blocks.reduce(0) { $0 + $1.repeatCount } }

  /// Whether a sublayer or the final layer is modulated.
  package var isModulated: Bool {
    blocks.contains { $0.sublayers.contains(where: \.modulated) }
      || !finalLayer.modulation.isEmpty
  }

  /// Whether a block reads the words of the prompt.
  package var readsWords: Bool {
    blocks.contains {
      $0.sublayers.contains { sublayer in
        if case .crossAttention = sublayer.operation { true } else { false }
      }
    }
  }
}

/// How a patch becomes a token: key `patch_embedding`.
package struct PatchEmbedding: Sendable, Hashable {
  /// How it computes.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The patch is the token.
    case none
    /// `W patch + b`.
    case linear
  }

  /// How it computes.
  package var kind: Kind
  /// The order in which a patch is read: a permutation of the axes in use.
  package var order: [PatchAxis]

  /// An embedding.
  package init(kind: Kind, order: [PatchAxis]) {
    self.kind = kind
    self.order = order
  }
}

/// What tells a token where it is: key `position`.
package struct Position: Sendable, Hashable {
  /// Which table is added to the tokens.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case none
    /// Over the index of the token.
    case sincos1D = "sincos_1d"
    /// Columns in the first half of the features, rows in the second.
    case sincos2D = "sincos_2d"
    /// Frames in the first quarter, then columns and rows.
    case sincos3D = "sincos_3d"
  }

  /// Which table is added to the tokens.
  package var kind: Kind
  /// The grid of tokens, rows and columns, whose positions count 0, 1, 2...; another grid is
  /// stretched to it.
  package var baseSize: [Int]
  /// What rows and columns are divided by.
  package var interpolationScale: Double
  /// What frames are divided by.
  package var temporalInterpolationScale: Double

  /// A position encoding.
  package init(
    kind: Kind, baseSize: [Int], interpolationScale: Double = 1,
    temporalInterpolationScale: Double = 1
  ) {
    self.kind = kind
    self.baseSize = baseSize
    self.interpolationScale = interpolationScale
    self.temporalInterpolationScale = temporalInterpolationScale
  }
}

/// Equal blocks in a row: an entry of key `blocks`.
package struct BlockGroup: Sendable, Hashable {
  /// How many blocks: key `repeat`.
  package var repeatCount: Int
  /// What each block does, in order; names are unique.
  package var sublayers: [Sublayer]

  /// A group.
  package init(repeatCount: Int, sublayers: [Sublayer]) {
    self.repeatCount = repeatCount
    self.sublayers = sublayers
  }
}

/// One part of a block: `residual + gate(op(modulate(norm(x))))`, each piece optional.
package struct Sublayer: Sendable, Hashable {
  /// What it computes: keys of its own beside `kind`.
  package enum Operation: Sendable, Hashable {
    case attention(SelfAttention)
    case crossAttention(CrossAttention)
    case feedForward(FeedForward)
  }

  /// The name under which its parameters stand; by default its kind.
  package var name: String
  /// What it computes.
  package var operation: Operation
  /// The norm before the modulation.
  package var norm: Norm?
  /// Whether the condition's scale and shift, and its gate where it has one, act here.
  package var modulated: Bool
  /// Whether the sublayer's input is added to its result.
  package var residual: Bool

  /// A sublayer.
  package init(
    name: String, operation: Operation, norm: Norm?, modulated: Bool, residual: Bool
  ) {
    self.name = name
    self.operation = operation
    self.norm = norm
    self.modulated = modulated
    self.residual = residual
  }
}

/// Tokens read one another: kind `attention`.
package struct SelfAttention: Sendable, Hashable {
  /// Where the attention matrix comes from.
  package enum Map: String, Sendable, Hashable, CaseIterable {
    /// `softmax(q kᵀ / √width)` per head.
    case computed
    /// A buffer `map[source token][result token]` that never learns.
    case given
  }

  /// Whether a linear layer is there.
  package enum Layer: String, Sendable, Hashable, CaseIterable {
    case none
    case linear
  }

  /// The number of heads; divides the width of a token.
  package var heads: Int
  /// Where the attention matrix comes from.
  package var map: Map
  /// What is pooled: the token itself, or a linear function of it.
  package var value: Layer
  /// What follows the pooling.
  package var projection: Layer

  /// A self-attention.
  package init(heads: Int, map: Map, value: Layer, projection: Layer) {
    self.heads = heads
    self.map = map
    self.value = value
    self.projection = projection
  }
}

/// Tokens read the words of the prompt, as the text encoder gives them: kind `cross_attention`.
package struct CrossAttention: Sendable, Hashable {
  /// The number of heads; divides the width of a token.
  package var heads: Int

  /// A cross-attention.
  package init(heads: Int) { self.heads = heads }
}

/// Each token on its own: kind `feed_forward`.
package struct FeedForward: Sendable, Hashable {
  /// The layers: key `layers` is `linear` or `mlp`.
  package enum Layers: Sendable, Hashable {
    /// One linear layer.
    case linear
    /// Linear to `hidden` features, activation, linear back.
    case mlp(hidden: Int, activation: Activation)
  }

  /// The layers.
  package var layers: Layers

  /// A feed-forward of the given layers.
  package init(layers: Layers) { self.layers = layers }
}

/// How a token becomes a patch of the prediction: key `final_layer`.
package struct FinalLayer: Sendable, Hashable {
  /// How it computes.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The token is the patch.
    case none
    /// Norm, modulation, linear layer.
    case linear
  }

  /// How it computes.
  package var kind: Kind
  /// The norm before the modulation; nil with kind `none`.
  package var norm: Norm?
  /// The order of the chunks that modulate it; empty for none.
  package var modulation: [ModulationChunk]
  /// Channels of the prediction.
  package var outChannels: Int
  /// The order in which a patch is written: a permutation of the axes in use.
  package var order: [PatchAxis]
  /// Whether the noisy latent is added, each place of a patch times a number that the condition
  /// gives.
  ///
  /// - Source: Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models
  ///   (arXiv 2206.00364), equation 7, with `c_skip` learned.
  package var skip: Bool

  /// A final layer.
  package init(
    kind: Kind, norm: Norm?, modulation: [ModulationChunk], outChannels: Int, order: [PatchAxis],
    skip: Bool = false
  ) {
    self.kind = kind
    self.norm = norm
    self.modulation = modulation
    self.outChannels = outChannels
    self.order = order
    self.skip = skip
  }
}
