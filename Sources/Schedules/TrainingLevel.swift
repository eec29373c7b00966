/// What a training timestep does to a signal, and how much an error there counts.
package struct TrainingLevel: Sendable, Hashable {
  /// What the model is told.
  package var timestep: Double
  /// The factor of the signal.
  package var signal: Double
  /// The factor of the noise.
  package var noise: Double
  /// The bound that trains a learned variance; nil on a flow and without a schedule.
  package var bound: VariationalTerm?

  /// A timestep without a bound.
  package init(timestep: Double, signal: Double, noise: Double) {
    self.timestep = timestep
    self.signal = signal
    self.noise = noise
  }
}

/// One timestep's term of the variational bound, in bits per element, as a function of the learned
/// variance `v` and of the error `d` of the prediction.
///
/// With `u = range (v + 1) / 2`, the logarithm of the model's variance over the smaller of its two
/// limits, the term is `(u + e^-u (level + error d²)) / (2 ln 2) + offset`. From the second timestep
/// on it is the divergence of the posterior from the model's step, at the first the likelihood of
/// the signal, which of a latent is continuous.
/// - Source: Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic Models (arXiv
///   2102.09672), equations 5, 6 and 15.
package struct VariationalTerm: Sendable, Hashable {
  /// The logarithm of the ratio of the limits of the variance.
  package var range: Double
  /// 1 in a divergence, 0 in a likelihood.
  package var level: Double
  /// The factor of the prediction's squared error.
  package var error: Double
  /// What no parameter changes.
  package var offset: Double

  /// The term that is 0 whatever the model says.
  package static let none = VariationalTerm(range: 0, level: 0, error: 0, offset: 0)
}

extension BetaSchedule {
  /// Every training timestep, from 0 on, for a prediction.
  package func trainingLevels(_ prediction: Prediction) -> [TrainingLevel] {
    let levels = signalLevels
    return levels.indices.map { index in
      var level = TrainingLevel(
        timestep: Double(index), signal: levels[index].squareRoot(),
        noise: (1 - levels[index]).squareRoot())
      level.bound = variationalTerm(index, levels, prediction)
      return level
    }
  }

  /// The term of a timestep; nil where no bound is finite, as without signal or with one timestep.
  private func variationalTerm(
    _ index: Int, _ levels: [Double], _ prediction: Prediction
  ) -> VariationalTerm? {
    guard levels.count > 1, levels[index] > 0 else { return nil }
    func beta(_ index: Int) -> Double {
      index == 0 ? 1 - levels[0] : 1 - levels[index] / levels[index - 1]
    }
    // The first posterior has no variance; the second one's stands for it.
    let posterior = max(index, 1)
    let least =
      logarithm((1 - levels[posterior - 1]) / (1 - levels[posterior])) + logarithm(beta(posterior))
    let before = index == 0 ? 1 : levels[index - 1]
    let meanFactor = beta(index) * before.squareRoot() / (1 - levels[index])
    let noise = (1 - levels[index]).squareRoot()
    let signalError =
      switch prediction {
      case .epsilon: noise / levels[index].squareRoot()
      case .velocity, .flow: noise
      case .sample: 1.0
      }
    let root = meanFactor * signalError
    let bits = 2 * logarithm(2)
    return VariationalTerm(
      range: logarithm(beta(index)) - least, level: index == 0 ? 0 : 1,
      error: root * root / exponential(least),
      offset: index == 0 ? (least + logarithm(2 * Double.pi)) / bits : -1 / bits)
  }
}

extension FlowSchedule {
  /// The noise level σ of training, `0...1`, without a shift.
  package func trainingLevel(sigma: Double) -> TrainingLevel {
    TrainingLevel(timestep: sigma * Double(trainSteps), signal: 1 - sigma, noise: sigma)
  }
}

extension Prediction {
  /// How much the squared error of a prediction counts with Min-SNR weighting; at most 1 but for
  /// `sample`.
  ///
  /// - Source: Hang et al. (arXiv 2303.09556), section 3.4.
  package func minSNRWeight(of level: TrainingLevel, gamma: Double) -> Double {
    let ratio =
      level.noise == 0
      ? Double.infinity : level.signal * level.signal / (level.noise * level.noise)
    switch self {
    case .epsilon, .flow: return min(1, gamma / ratio)
    case .velocity: return ratio < gamma ? ratio / (ratio + 1) : gamma / (ratio + 1)
    case .sample: return min(ratio, gamma)
    }
  }
}
