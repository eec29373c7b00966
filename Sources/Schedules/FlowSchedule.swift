/// A straight line from signal to noise: at σ the latent is `(1 - σ) signal + σ noise`.
///
/// Timestep `t` of training is σ = t / trainSteps, 1 to trainSteps. A run's σ are moved towards the
/// noise by a shift.
/// - Source: Esser et al. (arXiv 2403.03206), sections 3.1 and 5.3.2.
package struct FlowSchedule: Sendable, Hashable {
  /// How the σ of a run are moved.
  package enum Shift: Sendable, Hashable {
    /// `s σ / (1 + (s - 1) σ)`.
    case constant(Double)
    /// By the number of tokens.
    case dynamic(DynamicShift)
  }

  /// A shift that grows with the number of tokens of a picture.
  package struct DynamicShift: Sendable, Hashable {
    /// What the shift does with `mu`.
    package enum Form: String, Sendable, Hashable, CaseIterable {
      /// `exp(mu) / (exp(mu) + 1 / σ - 1)`.
      case exponential
      /// `mu / (mu + 1 / σ - 1)`.
      case linear
    }

    /// What the shift does with `mu`.
    package var form: Form
    /// `mu` at `baseTokens`.
    package var baseShift: Double
    /// `mu` at `maxTokens`.
    package var maxShift: Double
    /// A small number of tokens.
    package var baseTokens: Int
    /// A large number of tokens.
    package var maxTokens: Int

    /// A shift.
    package init(
      form: Form = .exponential, baseShift: Double = 0.5, maxShift: Double = 1.15,
      baseTokens: Int = 256, maxTokens: Int = 4096
    ) {
      self.form = form
      self.baseShift = baseShift
      self.maxShift = maxShift
      self.baseTokens = baseTokens
      self.maxTokens = maxTokens
    }

    /// On the line through the two points.
    package func mu(tokenCount: Int) -> Double {
      let slope = (maxShift - baseShift) / Double(maxTokens - baseTokens)
      return baseShift + slope * Double(tokenCount - baseTokens)
    }
  }

  /// The number of training timesteps.
  package var trainSteps: Int
  /// How the σ of a run are moved.
  package var shift: Shift

  /// A schedule.
  package init(trainSteps: Int = 1000, shift: Shift = .constant(1)) {
    self.trainSteps = trainSteps
    self.shift = shift
  }

  /// A σ in `[0, 1]`, moved.
  func shifted(_ sigma: Double, tokenCount: Int) -> Double {
    switch shift {
    case .constant(let factor): return factor * sigma / (1 + (factor - 1) * sigma)
    case .dynamic(let shift):
      let mu = shift.mu(tokenCount: tokenCount)
      let factor =
        switch shift.form {
        case .exponential: exponential(mu)
        case .linear: mu
        }
      return factor / (factor + (1 / sigma - 1))
    }
  }

  /// The σ of training at both ends, between which the steps of a run are spaced.
  ///
  /// A constant shift has moved them already, so that it acts twice on what lies between.
  /// - Source: `FlowMatchEulerDiscreteScheduler` of diffusers.
  func ends(tokenCount: Int) -> (first: Double, last: Double) {
    let last = 1 / Double(trainSteps)
    guard case .constant = shift else { return (1, last) }
    return (shifted(1, tokenCount: tokenCount), shifted(last, tokenCount: tokenCount))
  }
}
