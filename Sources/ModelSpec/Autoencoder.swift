/// Turns pictures into latents and back: key `autoencoder`.
package struct Autoencoder: Sendable, Hashable {
  /// How it computes.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// `activation(W patch + b)` in both directions.
    case linear
    /// Residual blocks of convolutions on several levels, the encoder's result a distribution.
    case kl
    /// Residual blocks of one width, without norms and attention.
    case tiny
  }

  /// The layers of a kind.
  package enum Layers: Sendable, Hashable {
    case linear(LinearLayers)
    case kl(KLLayers)
    case tiny(TinyLayers)
  }

  /// The layers.
  package var layers: Layers
  /// Values per position of the latent.
  package var latentChannels: Int
  /// The function after each layer.
  package var activation: Activation
  /// What the denoiser sees of a latent.
  package var scaling: LatentScaling
  /// The tiles of large pictures; nil to take every picture as a whole.
  package var tiling: Tiling?
  /// Whether training leaves it as it is.
  package var frozen: Bool

  /// An autoencoder.
  package init(
    layers: Layers, latentChannels: Int, activation: Activation,
    scaling: LatentScaling = LatentScaling(), tiling: Tiling? = nil, frozen: Bool
  ) {
    self.layers = layers
    self.latentChannels = latentChannels
    self.activation = activation
    self.scaling = scaling
    self.tiling = tiling
    self.frozen = frozen
  }

  /// How it computes.
  package var kind: Kind {
    switch layers {
    case .linear: .linear
    case .kl: .kl
    case .tiny: .tiny
    }
  }

  /// Whether it reads a video as single pictures, and can read those in tiles.
  package var isConvolutional: Bool { kind != .linear }

  /// The canonical path of the key that decides `patchSize`.
  var sizePath: String {
    switch kind {
    case .linear: "autoencoder.patch_size"
    case .kl: "autoencoder.level_channels"
    case .tiny: "autoencoder.decoder_blocks"
    }
  }

  /// The pixels that make one position of the latent.
  package var patchSize: PatchSize {
    switch layers {
    case .linear(let layers): layers.patchSize
    case .kl(let layers): PatchSize(height: layers.factor, width: layers.factor)
    case .tiny(let layers): PatchSize(height: layers.factor, width: layers.factor)
    }
  }
}

/// One layer in each direction, over patches.
package struct LinearLayers: Sendable, Hashable {
  /// The pixels that make one position of the latent.
  package var patchSize: PatchSize
  /// The order in which a patch is read and written: a permutation of the axes in use.
  package var order: [PatchAxis]

  /// Layers over patches.
  package init(patchSize: PatchSize, order: [PatchAxis]) {
    self.patchSize = patchSize
    self.order = order
  }
}

/// The layers of the autoencoder of latent diffusion (Rombach et al., arXiv 2112.10752, appendix
/// G), as `AutoencoderKL` of diffusers computes them.
package struct KLLayers: Sendable, Hashable {
  /// The width of each level, from the pictures on; every further level halves rows and columns.
  package var levelChannels: [Int]
  /// The residual blocks of a level of the encoder; the decoder has one more.
  package var blocksPerLevel: Int
  /// Whether there is attention between the two blocks of the middle.
  package var hasMiddleAttention: Bool
  /// Whether a convolution of one pixel follows the encoder.
  package var hasQuantConvolution: Bool
  /// Whether a convolution of one pixel stands before the decoder.
  package var hasPostQuantConvolution: Bool
  /// The groups of every group norm.
  package var normGroups: Int
  /// What every group norm adds to the variance.
  package var normEpsilon: Double

  /// Layers on several levels.
  package init(
    levelChannels: [Int], blocksPerLevel: Int, hasMiddleAttention: Bool,
    hasQuantConvolution: Bool, hasPostQuantConvolution: Bool, normGroups: Int, normEpsilon: Double
  ) {
    self.levelChannels = levelChannels
    self.blocksPerLevel = blocksPerLevel
    self.hasMiddleAttention = hasMiddleAttention
    self.hasQuantConvolution = hasQuantConvolution
    self.hasPostQuantConvolution = hasPostQuantConvolution
    self.normGroups = normGroups
    self.normEpsilon = normEpsilon
  }

  /// The rows and the columns of pixels of one position of the latent.
  var factor: Int { 1 << max(0, levelChannels.count - 1) }
}

/// What a denoiser sees of an autoencoder's latent: `(latent - shift) * factor`.
package struct LatentScaling: Sendable, Hashable {
  /// What the latent is multiplied with.
  package var factor: Double
  /// What is taken off before.
  package var shift: Double

  /// A scaling; none by default.
  package init(factor: Double = 1, shift: Double = 0) {
    self.factor = factor
    self.shift = shift
  }
}
