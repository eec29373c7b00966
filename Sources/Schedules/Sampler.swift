#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func cosine(_ x: Double) -> Double { cos(x) }

/// What a denoiser predicts.
package enum Prediction: String, Sendable, Hashable, CaseIterable {
  /// The noise.
  case epsilon
  /// The velocity `√ᾱ noise - √(1-ᾱ) signal`.
  case velocity
}

/// How a latent is denoised, step by step.
package enum Sampler: Sendable, Hashable {
  /// Takes the predicted noise away as it is; timesteps count down from `start`.
  case subtract(start: Int)
  /// Denoising diffusion implicit model, deterministic.
  ///
  /// - Source: Song et al. (arXiv 2010.02502), equation 12 with σ = 0.
  case ddim(DDIM)

  /// The settings of DDIM.
  package struct DDIM: Sendable, Hashable {
    /// How the timesteps of a run are chosen from those of training.
    package enum Spacing: String, Sendable, Hashable, CaseIterable {
      case leading
      case trailing
      case linspace
    }

    /// How timesteps are chosen.
    package var spacing: Spacing
    /// What is added to `leading` timesteps.
    package var stepsOffset: Int
    /// Whether the last step ends without noise, rather than at the first timestep's level.
    package var setAlphaToOne: Bool

    /// Settings.
    package init(
      spacing: Spacing = .leading, stepsOffset: Int = 0, setAlphaToOne: Bool = true
    ) {
      self.spacing = spacing
      self.stepsOffset = stepsOffset
      self.setAlphaToOne = setAlphaToOne
    }
  }

  /// The sampler's name in a spec.
  package var name: String {
    switch self {
    case .subtract: "subtract"
    case .ddim: "ddim"
    }
  }
}

/// A run's steps as coefficients: what a step graph needs of a sampler.
///
/// Step `i` sees timestep `timesteps[i]` and computes
/// `latent ← latentCoefficients[i] · latent + predictionCoefficients[i] · prediction`.
/// A run over a picture starts at `signalCoefficient · signal + noiseCoefficient · noise`.
package struct SamplingTrajectory: Sendable, Hashable {
  /// What the model is told at each step, descending.
  package var timesteps: [Double]
  /// The factor of the latent at each step.
  package var latentCoefficients: [Double]
  /// The factor of the prediction at each step.
  package var predictionCoefficients: [Double]
  /// The factor of the signal where the first step starts.
  package var signalCoefficient: Double
  /// The factor of the noise where the first step starts.
  package var noiseCoefficient: Double
}

extension SamplingTrajectory {
  /// The trajectory of a sampler.
  ///
  /// - Parameters:
  ///   - schedule: The noise schedule; `subtract` needs none.
  ///   - steps: The number of steps of a whole run, from 1; `subtract` has at most `start + 1`,
  ///     DDIM at most the schedule's training timesteps.
  ///   - strength: The share of the steps that is run, in `(0, 1]`: 1 starts from noise alone.
  /// - Returns: The trajectory, or nil when the arguments are out of range.
  package init?(
    _ sampler: Sampler, schedule: NoiseSchedule?, prediction: Prediction, steps: Int,
    strength: Double = 1
  ) {
    let most =
      switch sampler {
      case .subtract(let start): start + 1
      case .ddim: schedule?.trainSteps ?? 0
      }
    guard steps >= 1, steps <= most, strength > 0, strength <= 1 else { return nil }
    let kept = max(1, Int((Double(steps) * strength).rounded(.down)))
    switch sampler {
    case .subtract(let start):
      let skipped = steps - kept
      self.init(
        timesteps: (skipped..<steps).map { Double(start - $0) },
        latentCoefficients: [Double](repeating: 1, count: kept),
        predictionCoefficients: [Double](repeating: -1, count: kept),
        signalCoefficient: 1, noiseCoefficient: 1)
    case .ddim(let settings):
      guard let schedule else { return nil }
      let levels = schedule.signalLevels
      let all = settings.timesteps(of: schedule, steps: steps)
      guard all.allSatisfy({ levels.indices.contains($0) }) else { return nil }
      let timesteps = Array(all.suffix(kept))
      let stride = schedule.trainSteps / steps
      let finalLevel = settings.setAlphaToOne ? 1 : levels[0]
      let coefficients = timesteps.map { timestep in
        let next = timestep - stride >= 0 ? levels[timestep - stride] : finalLevel
        return prediction.ddimCoefficients(level: levels[timestep], next: next)
      }
      let level = levels[timesteps[0]]
      self.init(
        timesteps: timesteps.map(Double.init),
        latentCoefficients: coefficients.map(\.latent),
        predictionCoefficients: coefficients.map(\.prediction),
        signalCoefficient: level.squareRoot(), noiseCoefficient: (1 - level).squareRoot())
    }
  }
}

extension SamplingTrajectory {
  /// The rest of the trajectory from the step that sees a timestep; nil when none does.
  ///
  /// - Parameter schedule: The noise schedule the trajectory was made with.
  package func starting(at timestep: Double, schedule: NoiseSchedule?) -> SamplingTrajectory? {
    guard let index = timesteps.firstIndex(of: timestep) else { return nil }
    var rest = self
    rest.timesteps.removeFirst(index)
    rest.latentCoefficients.removeFirst(index)
    rest.predictionCoefficients.removeFirst(index)
    if let level = schedule?.signalLevels[Int(timestep)] {
      rest.signalCoefficient = level.squareRoot()
      rest.noiseCoefficient = (1 - level).squareRoot()
    }
    return rest
  }
}

extension Sampler.DDIM {
  /// The timesteps of a run, descending.
  func timesteps(of schedule: NoiseSchedule, steps: Int) -> [Int] {
    let total = schedule.trainSteps
    switch spacing {
    case .leading:
      return (0..<steps).reversed().map { $0 * (total / steps) + stepsOffset }
    case .trailing:
      return (0..<steps).map {
        let timestep = Double(total) - Double($0) * Double(total) / Double(steps)
        return Int(timestep.rounded(.toNearestOrEven)) - 1
      }
    case .linspace:
      return (0..<steps).reversed().map {
        let fraction = steps == 1 ? 0 : Double($0) / Double(steps - 1)
        return Int((fraction * Double(total - 1)).rounded(.toNearestOrEven))
      }
    }
  }
}

extension Prediction {
  /// The factors of latent and prediction in a DDIM step from one signal level to the next.
  func ddimCoefficients(level: Double, next: Double) -> (latent: Double, prediction: Double) {
    let (signal, noise) = (level.squareRoot(), (1 - level).squareRoot())
    let (nextSignal, nextNoise) = (next.squareRoot(), (1 - next).squareRoot())
    switch self {
    case .epsilon: return (nextSignal / signal, nextNoise - nextSignal * noise / signal)
    case .velocity:
      return (nextSignal * signal + nextNoise * noise, nextNoise * signal - nextSignal * noise)
    }
  }
}
