import Tensors

/// A validated model in canonical form: presets expanded, every choice explicit.
///
/// Equal specs compile to identical graphs. The keys of the YAML form are the names of the
/// properties, in snake case.
package struct ModelSpec: Sendable, Hashable {
  /// The model's name.
  package var name: String
  /// The pictures the model makes; nil when it is described from the latent on.
  package var pixels: PixelSpace?
  /// Turns pictures into latents and back.
  package var autoencoder: Autoencoder?
  /// Reads the words of prompts.
  package var textEncoder: TextEncoder?
  /// The diffusion transformer; nil in a file that holds other components only.
  package var denoiser: Denoiser?
  /// How noise is added and taken away.
  package var diffusion: DiffusionSpec?
  /// How the parameters learn.
  package var training: TrainingSpec?
  /// Defaults for the graph's inputs.
  package var example: Example?
  /// Parameters whose values stand in the spec, in the order written.
  package var parameters: [InlineParameter]
  /// Where the other parameters come from.
  package var weights: WeightsReference?
  /// Budgets that validation enforces.
  package var limits: Limits?

  /// A spec of the given parts.
  package init(
    name: String, pixels: PixelSpace? = nil, autoencoder: Autoencoder? = nil,
    textEncoder: TextEncoder? = nil, denoiser: Denoiser? = nil, diffusion: DiffusionSpec? = nil,
    training: TrainingSpec? = nil, example: Example? = nil, parameters: [InlineParameter] = [],
    weights: WeightsReference? = nil, limits: Limits? = nil
  ) {
    self.name = name
    self.pixels = pixels
    self.autoencoder = autoencoder
    self.textEncoder = textEncoder
    self.denoiser = denoiser
    self.diffusion = diffusion
    self.training = training
    self.example = example
    self.parameters = parameters
    self.weights = weights
    self.limits = limits
  }
}

/// The space of pictures: key `image` or `video`.
package struct PixelSpace: Sendable, Hashable {
  /// The number of frames; nil for `image`.
  package var frames: Int?
  /// Rows of pixels.
  package var height: Int
  /// Columns of pixels.
  package var width: Int
  /// Colour channels: 1 or 3.
  package var channels: Int
  /// The values of the darkest and the brightest pixel.
  package var range: ClosedRange<Double>

  /// A space of the given extents.
  package init(frames: Int?, height: Int, width: Int, channels: Int, range: ClosedRange<Double>) {
    self.frames = frames
    self.height = height
    self.width = width
    self.channels = channels
    self.range = range
  }
}

/// The extents of a latent: key `latent`.
package struct LatentSpace: Sendable, Hashable {
  /// Values per position.
  package var channels: Int
  /// The number of frames; nil for a picture.
  package var frames: Int?
  /// Rows of positions.
  package var height: Int
  /// Columns of positions.
  package var width: Int

  /// A space of the given extents.
  package init(channels: Int, frames: Int?, height: Int, width: Int) {
    self.channels = channels
    self.frames = frames
    self.height = height
    self.width = width
  }

  /// `[channels, (frames,) height, width]`.
  package var dimensions: [Int] { [channels] + (frames.map { [$0] } ?? []) + [height, width] }
}

/// An axis of a patch.
package enum PatchAxis: String, Sendable, Hashable, CaseIterable {
  case channel = "c"
  case frame = "t"
  case row = "h"
  case column = "w"
}

/// The extents of a patch: one number, `[h, w]` or `[t, h, w]` in YAML.
package struct PatchSize: Sendable, Hashable {
  /// Frames per patch; 1 for pictures.
  package var frames: Int
  /// Rows per patch.
  package var height: Int
  /// Columns per patch.
  package var width: Int

  /// A size of the given extents.
  package init(frames: Int = 1, height: Int, width: Int) {
    self.frames = frames
    self.height = height
    self.width = width
  }

  /// Positions per patch.
  package var area: Int { frames * height * width }
}

/// An element-wise function that a spec can name.
package enum Activation: String, Sendable, Hashable, CaseIterable {
  case none
  case relu
  case gelu
  case geluTanh = "gelu_tanh"
  case silu
}

/// A normalisation over the features of a token, without learned scale or shift.
package struct Norm: Sendable, Hashable {
  /// What is added to the variance.
  package var epsilon: Double

  /// A layer norm.
  package init(epsilon: Double) { self.epsilon = epsilon }
}
