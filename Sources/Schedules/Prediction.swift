/// What a denoiser predicts.
package enum Prediction: String, Sendable, Hashable, CaseIterable {
  /// The noise.
  case epsilon
  /// The velocity `√ᾱ noise - √(1-ᾱ) signal`.
  case velocity
  /// The signal.
  case sample
  /// The direction of a flow, `noise - signal`.
  case flow
}

/// A sum of a latent and a prediction, each with a factor.
package struct LinearForm: Sendable, Hashable {
  /// The factor of the latent.
  package var latent: Double
  /// The factor of the prediction.
  package var prediction: Double
}

extension Prediction {
  /// The signal in a latent of a level.
  ///
  /// Where no signal is left, `epsilon` says nothing about it and the factors are infinite.
  func signal(at level: NoiseLevel) -> LinearForm {
    switch self {
    case .epsilon:
      LinearForm(latent: 1 / level.signal, prediction: -level.noise / level.signal)
    case .velocity: LinearForm(latent: level.signal, prediction: -level.noise)
    case .sample: LinearForm(latent: 0, prediction: 1)
    case .flow: LinearForm(latent: 1, prediction: -level.noise)
    }
  }

  /// The noise in a latent of a level; 0 where the level has none.
  func noise(at level: NoiseLevel) -> LinearForm {
    switch self {
    case .epsilon: LinearForm(latent: 0, prediction: 1)
    case .velocity: LinearForm(latent: level.noise, prediction: level.signal)
    case .sample:
      level.noise == 0
        ? LinearForm(latent: 0, prediction: 0)
        : LinearForm(latent: 1 / level.noise, prediction: -level.signal / level.noise)
    case .flow: LinearForm(latent: 1, prediction: level.signal)
    }
  }
}
