import Schedules
import Tensors

/// How noise is added and taken away: key `diffusion`.
package struct DiffusionSpec: Sendable, Hashable {
  /// What the denoiser's channels beyond the latent's mean.
  package enum Variance: String, Sendable, Hashable, CaseIterable {
    /// There are none.
    case none
    /// An interpolation between two log variances, one channel per channel of the latent.
    case learnedRange = "learned_range"
  }

  /// The noise schedule; nil with the sampler `subtract`, which has none.
  package var schedule: NoiseSchedule?
  /// What the denoiser predicts.
  package var prediction: Prediction
  /// What its further channels mean.
  package var variance: Variance
  /// The sampler and its settings.
  package var sampler: Sampler
  /// The number of steps unless a run says otherwise.
  package var steps: Int
  /// The guidance scale unless a run says otherwise; 1 is none.
  package var guidance: Double
  /// The first channels of the latent that are guided; nil for all.
  package var guidanceChannels: Int?
  /// The share by which the first block may change for a step to skip the others; nil skips none.
  package var cache: Double?

  /// Diffusion of the given parts.
  package init(
    schedule: NoiseSchedule?, prediction: Prediction, variance: Variance, sampler: Sampler,
    steps: Int, guidance: Double, guidanceChannels: Int? = nil, cache: Double? = nil
  ) {
    self.schedule = schedule
    self.prediction = prediction
    self.variance = variance
    self.sampler = sampler
    self.steps = steps
    self.guidance = guidance
    self.guidanceChannels = guidanceChannels
    self.cache = cache
  }
}

/// Defaults for the graph's inputs: key `example`.
package struct Example: Sendable, Hashable {
  /// The prompt.
  package var prompt: String?
  /// The class.
  package var label: Int?
  /// The step at which a trace looks.
  package var timestep: Int?
  /// The picture or video, `[channels, (frames,) height, width]`, in the range of the pixels.
  package var pixels: Tensor?
  /// The noise, in the latent's shape.
  package var noise: Tensor?
  /// The values, as `step.name` of a trace, that were published by the example's author.
  package var published: [String]

  /// An example.
  package init(
    prompt: String? = nil, label: Int? = nil, timestep: Int? = nil, pixels: Tensor? = nil,
    noise: Tensor? = nil, published: [String] = []
  ) {
    self.prompt = prompt
    self.label = label
    self.timestep = timestep
    self.pixels = pixels
    self.noise = noise
    self.published = published
  }
}

/// A parameter whose value stands in the spec: an entry of key `parameters`.
package struct InlineParameter: Sendable, Hashable {
  /// The parameter's name.
  package var name: String
  /// Its value; matrices are `[out, in]`.
  package var value: Tensor

  /// A parameter.
  package init(name: String, value: Tensor) {
    self.name = name
    self.value = value
  }
}

/// Where parameters come from: key `weights`.
package struct WeightsReference: Sendable, Hashable {
  /// The name map, as in `diffusers` or `ditharos`.
  package var layout: String
  /// The file, relative to the spec; nil when the command line names it.
  package var file: String?

  /// A reference.
  package init(layout: String, file: String?) {
    self.layout = layout
    self.file = file
  }
}

/// Budgets: key `limits`.
package struct Limits: Sendable, Hashable {
  /// Bytes of arena, weights, scratch and carried tables together.
  package var peakMemory: Int?
  /// Parameters of the whole model.
  package var parameters: Int?
  /// Multiply-accumulates of one step, guidance included.
  package var macsPerStep: Int?

  /// Budgets.
  package init(peakMemory: Int?, parameters: Int?, macsPerStep: Int?) {
    self.peakMemory = peakMemory
    self.parameters = parameters
    self.macsPerStep = macsPerStep
  }
}
