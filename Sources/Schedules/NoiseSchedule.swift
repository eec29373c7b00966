/// How much noise each training timestep has.
package enum NoiseSchedule: Sendable, Hashable {
  /// Noise added by a chain of betas.
  case betas(BetaSchedule)
  /// Signal and noise mixed along a straight line.
  case flow(FlowSchedule)

  /// The number of training timesteps.
  package var trainSteps: Int {
    switch self {
    case .betas(let schedule): schedule.trainSteps
    case .flow(let schedule): schedule.trainSteps
    }
  }

  /// The greatest timestep that a model is told.
  package var greatestTimestep: Int {
    switch self {
    case .betas(let schedule): schedule.trainSteps - 1
    case .flow(let schedule): schedule.trainSteps
    }
  }

  /// Whether it is a flow.
  package var isFlow: Bool {
    if case .flow = self { true } else { false }
  }
}

/// A mix of signal and noise: `signal · s + noise · n`.
package struct NoiseLevel: Sendable, Hashable {
  /// The factor of the signal.
  package var signal: Double
  /// The factor of the noise.
  package var noise: Double

  /// A level of the given factors.
  package init(signal: Double, noise: Double) {
    self.signal = signal
    self.noise = noise
  }

  /// The level of a share of signal variance ᾱ: the squares of the factors sum to 1.
  init(variancePreserving level: Double) {
    self.init(signal: level.squareRoot(), noise: (1 - level).squareRoot())
  }

  /// The level on a flow's line from signal to noise.
  init(flow sigma: Double) { self.init(signal: 1 - sigma, noise: sigma) }

  /// Signal alone.
  static let clean = NoiseLevel(signal: 1, noise: 0)

  /// The logarithm of signal over noise, λ; infinite without noise.
  var logRatio: Double { noise == 0 ? .infinity : logarithm(signal) - logarithm(noise) }
}
