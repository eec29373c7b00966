/// How each step makes the next latent of a run.
///
/// At step `i`, of the latent `x`, the prediction `g`, the denoiser's further channels `v` and
/// standard normal noise `n`:
///
///     m = estimate.latent[i] x + estimate.prediction[i] g      within ± estimate.limit
///     x ← latent[i] x + prediction[i] g
///         + estimate.factor[i] m + estimate.previousFactor[i] (m of the step before)
///         + noise.scale[i] exp(noise.slope[i] v) n
///
/// Every table has an entry per step.
package struct SamplerUpdate: Sendable, Hashable {
  /// The estimate of the signal, where it cannot be folded into the other factors.
  package struct Estimate: Sendable, Hashable {
    /// The factor of the latent in it.
    package var latent: [Double]
    /// The factor of the prediction in it.
    package var prediction: [Double]
    /// Its largest magnitude; nil for no limit.
    package var limit: Double?
    /// Its factor in the next latent.
    package var factor: [Double]
    /// The factor of the step before's; empty where no step reads it.
    package var previousFactor: [Double]
  }

  /// The noise that steps add.
  package struct Noise: Sendable, Hashable {
    /// Its factor.
    package var scale: [Double]
    /// The factor of the further channels in the exponent; empty where they say nothing.
    package var slope: [Double]
  }

  /// The factor of the latent.
  package var latent: [Double]
  /// The factor of the prediction.
  package var prediction: [Double]
  /// The estimate of the signal; nil where no step needs it by itself.
  package var estimate: Estimate?
  /// The noise; nil where no step adds any.
  package var noise: Noise?

  /// Whether a step reads the estimate of the step before.
  package var hasHistory: Bool { estimate?.previousFactor.isEmpty == false }
}

/// One step of a `SamplerUpdate`.
struct SamplerStep {
  /// The factor of the latent.
  var latent = 0.0
  /// The factor of the prediction.
  var prediction = 0.0
  /// The estimate of the signal.
  var estimate = LinearForm(latent: 0, prediction: 0)
  /// Its factor.
  var factor = 0.0
  /// The factor of the estimate of the step before.
  var previousFactor = 0.0
  /// The factor of the noise.
  var noise = 0.0
  /// The factor of the further channels in the exponent of the noise's.
  var slope = 0.0
}

extension SamplerUpdate {
  /// The update of given steps.
  ///
  /// Without a limit and without history, the estimate is folded into the factors of latent and
  /// prediction.
  init(_ steps: [SamplerStep], limit: Double? = nil) {
    let hasHistory = steps.contains { $0.previousFactor != 0 }
    if limit == nil, !hasHistory {
      latent = steps.map { $0.latent + $0.factor * $0.estimate.latent }
      prediction = steps.map { $0.prediction + $0.factor * $0.estimate.prediction }
    } else {
      latent = steps.map(\.latent)
      prediction = steps.map(\.prediction)
      estimate = Estimate(
        latent: steps.map(\.estimate.latent), prediction: steps.map(\.estimate.prediction),
        limit: limit, factor: steps.map(\.factor),
        previousFactor: hasHistory ? steps.map(\.previousFactor) : [])
    }
    if steps.contains(where: { $0.noise != 0 }) {
      let isLearned = steps.contains { $0.slope != 0 }
      noise = Noise(scale: steps.map(\.noise), slope: isLearned ? steps.map(\.slope) : [])
    }
  }
}
