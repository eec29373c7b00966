extension Sampler {
  /// The steps of a run along a path.
  ///
  /// - Parameter wholeCount: The number of steps of the whole run, of which the path is the end.
  func steps(along path: NoisePath, _ prediction: Prediction, wholeCount: Int) -> [SamplerStep] {
    switch self {
    case .subtract:
      return path.timesteps.map { _ in SamplerStep(latent: 1, prediction: -1) }
    case .ddim(let settings):
      return zip(path.levels, path.nextLevels).map { settings.step(from: $0, to: $1, prediction) }
    case .ddpm(let settings):
      return path.timesteps.indices.map { index in
        settings.step(
          from: path.levels[index], to: path.nextLevels[index], prediction,
          addsNoise: path.timesteps[index] > 0)
      }
    case .dpmSolver(let settings):
      return path.timesteps.indices.map { index in
        settings.step(
          before: index == 0 ? nil : path.levels[index - 1], from: path.levels[index],
          to: path.nextLevels[index], prediction, isLast: index == path.count - 1,
          isShort: wholeCount < 15)
      }
    case .euler(let settings):
      return zip(path.levels, path.nextLevels).map { level, next in
        if settings.stochastic {
          return SamplerStep(
            estimate: prediction.signal(at: level), factor: next.signal, noise: next.noise)
        }
        return SamplerStep(latent: 1, prediction: next.noise - level.noise)
      }
    }
  }
}

/// The variances of going from one level of signal variance to the next of less noise.
private struct PosteriorVariance {
  /// The variance that the step takes back: `1 - ᾱ / ᾱ'`.
  let beta: Double
  /// That of the level before, seen from where the step begins: `(1 - ᾱ') / (1 - ᾱ) beta`.
  let posterior: Double

  init(from level: NoiseLevel, to next: NoiseLevel) {
    let kept = (level.signal / next.signal) * (level.signal / next.signal)
    beta = 1 - kept
    let share = level.noise == 0 ? 0 : next.noise / level.noise
    posterior = share * share * beta
  }
}

extension Sampler.DDIM {
  /// - Source: `DDIMScheduler.step` of diffusers, without `use_clipped_model_output`.
  fileprivate func step(
    from level: NoiseLevel, to next: NoiseLevel, _ prediction: Prediction
  ) -> SamplerStep {
    let deviation =
      eta * max(0, PosteriorVariance(from: level, to: next).posterior).squareRoot()
    let direction = max(0, next.noise * next.noise - deviation * deviation).squareRoot()
    let noise = prediction.noise(at: level)
    return SamplerStep(
      latent: direction * noise.latent, prediction: direction * noise.prediction,
      estimate: prediction.signal(at: level), factor: next.signal, noise: deviation)
  }
}

extension Sampler.DDPM {
  /// - Source: `DDPMScheduler.step` of diffusers.
  fileprivate func step(
    from level: NoiseLevel, to next: NoiseLevel, _ prediction: Prediction, addsNoise: Bool
  ) -> SamplerStep {
    let variance = PosteriorVariance(from: level, to: next)
    let total = level.noise * level.noise
    var step = SamplerStep(estimate: prediction.signal(at: level), factor: 1)
    // Without noise the latent is the signal.
    guard total > 0 else { return step }
    step.factor = next.signal * variance.beta / total
    step.latent = level.signal / next.signal * next.noise * next.noise / total
    guard addsNoise, variance.beta > 0 else { return step }
    let small = max(variance.posterior, 1e-20)
    switch self.variance {
    case .fixedSmall: step.noise = small.squareRoot()
    case .fixedLarge: step.noise = variance.beta.squareRoot()
    case .learnedRange:
      // exp of half of f log beta + (1 - f) log small, where f = (v + 1) / 2.
      let (greatest, least) = (logarithm(variance.beta), logarithm(small))
      step.noise = exponential((greatest + least) / 4)
      step.slope = (greatest - least) / 4
    }
    return step
  }
}

extension Sampler.DPMSolver {
  /// - Parameters:
  ///   - previous: Where the step before began; nil at the first step.
  ///   - isShort: Whether the whole run has fewer than 15 steps.
  /// - Source: `DPMSolverMultistepScheduler` of diffusers, algorithm `dpmsolver++`.
  fileprivate func step(
    before previous: NoiseLevel?, from level: NoiseLevel, to next: NoiseLevel,
    _ prediction: Prediction, isLast: Bool, isShort: Bool
  ) -> SamplerStep {
    var step = SamplerStep(estimate: prediction.signal(at: level), factor: next.signal)
    // λ is infinite where no noise is left or was: then the estimate is all there is.
    guard next.noise > 0, level.noise > 0 else { return step }
    let width = next.logRatio - level.logRatio
    let decay = exponentialMinusOne(-width)
    step.latent = next.noise / level.noise
    step.factor = -next.signal * decay
    let isFirstOrder =
      solverOrder == 1 || (isLast && (eulerAtFinal || (lowerOrderFinal && isShort)))
    guard !isFirstOrder, let previous, previous.noise > 0, width != 0 else { return step }
    let ratio = (level.logRatio - previous.logRatio) / width
    guard ratio != 0 else { return step }
    // The factor of the difference quotient (m - m of the step before) / ratio.
    let slope =
      switch solverType {
      case .midpoint: -0.5 * next.signal * decay
      case .heun: next.signal * (decay / width + 1)
      }
    step.factor += slope / ratio
    step.previousFactor = -slope / ratio
    return step
  }
}
