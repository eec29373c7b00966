/// How a latent is denoised, step by step.
package enum Sampler: Sendable, Hashable {
  /// Takes the predicted noise away as it is; timesteps count down from `start`.
  case subtract(start: Int)
  /// Denoising diffusion implicit model.
  ///
  /// - Source: Song et al. (arXiv 2010.02502), equations 12 and 16.
  case ddim(DDIM)
  /// Ancestral sampling of the denoising diffusion probabilistic model.
  ///
  /// - Source: Ho et al. (arXiv 2006.11239), algorithm 2; learned variances: Nichol and Dhariwal
  ///   (arXiv 2102.09672), equation 15.
  case ddpm(DDPM)
  /// DPM-Solver++, multistep.
  ///
  /// - Source: Lu et al. (arXiv 2211.01095), algorithm 2.
  case dpmSolver(DPMSolver)
  /// Euler's method on a flow.
  case euler(Euler)

  /// The samplers without their settings; raw values are the names in a spec.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case ddim
    case ddpm
    case dpmSolver = "dpm_solver"
    case euler
    case subtract
  }

  /// The settings of DDIM.
  package struct DDIM: Sendable, Hashable {
    /// How timesteps are chosen.
    package var spacing: TimestepSpacing
    /// What is added to `leading` timesteps.
    package var stepsOffset: Int
    /// Whether the last step ends without noise, rather than at the first timestep's level.
    package var setAlphaToOne: Bool
    /// The share of DDPM's noise that each step adds, from 0 to 1.
    package var eta: Double
    /// The largest magnitude of the estimated signal; nil for no limit.
    package var clipSample: Double?

    /// Settings.
    package init(
      spacing: TimestepSpacing = .leading, stepsOffset: Int = 0, setAlphaToOne: Bool = true,
      eta: Double = 0, clipSample: Double? = nil
    ) {
      self.spacing = spacing
      self.stepsOffset = stepsOffset
      self.setAlphaToOne = setAlphaToOne
      self.eta = eta
      self.clipSample = clipSample
    }
  }

  /// The settings of DDPM.
  package struct DDPM: Sendable, Hashable {
    /// The variance of the noise that a step adds.
    package enum Variance: String, Sendable, Hashable, CaseIterable {
      /// That of the posterior, `(1 - ᾱ') / (1 - ᾱ) beta`.
      case fixedSmall = "fixed_small"
      /// `beta`.
      case fixedLarge = "fixed_large"
      /// Between the two, where the denoiser's further channels say.
      case learnedRange = "learned_range"
    }

    /// How timesteps are chosen.
    package var spacing: TimestepSpacing
    /// What is added to `leading` timesteps.
    package var stepsOffset: Int
    /// The variance of the noise that a step adds.
    package var variance: Variance
    /// The largest magnitude of the estimated signal; nil for no limit.
    package var clipSample: Double?

    /// Settings.
    package init(
      spacing: TimestepSpacing = .leading, stepsOffset: Int = 0,
      variance: Variance = .fixedSmall, clipSample: Double? = nil
    ) {
      self.spacing = spacing
      self.stepsOffset = stepsOffset
      self.variance = variance
      self.clipSample = clipSample
    }
  }

  /// The settings of DPM-Solver++.
  package struct DPMSolver: Sendable, Hashable {
    /// How the second order uses two estimates.
    package enum SolverType: String, Sendable, Hashable, CaseIterable {
      case midpoint
      case heun
    }

    /// How the noise levels of a run are chosen.
    package enum Sigmas: String, Sendable, Hashable, CaseIterable {
      /// Those of the run's timesteps.
      case schedule
      /// By Karras et al. (arXiv 2206.00364), equation 5, with ρ = 7.
      case karras
    }

    /// Where a run ends.
    package enum FinalSigma: String, Sendable, Hashable, CaseIterable {
      /// Without noise.
      case zero
      /// At the level of the first training timestep.
      case minimum = "sigma_min"
    }

    /// How timesteps are chosen.
    package var spacing: TimestepSpacing
    /// What is added to `leading` timesteps.
    package var stepsOffset: Int
    /// The number of estimates that a step uses: 1 or 2.
    package var solverOrder: Int
    /// How the second order uses two estimates.
    package var solverType: SolverType
    /// Whether the last step of fewer than 15 is of first order.
    package var lowerOrderFinal: Bool
    /// Whether the last step is of first order.
    package var eulerAtFinal: Bool
    /// How the noise levels are chosen.
    package var sigmas: Sigmas
    /// Where a run ends.
    package var finalSigma: FinalSigma
    /// The least logarithm of signal over noise at which a run starts; nil for no limit.
    package var lambdaMinClipped: Double?

    /// Settings.
    package init(
      spacing: TimestepSpacing = .linspace, stepsOffset: Int = 0, solverOrder: Int = 2,
      solverType: SolverType = .midpoint, lowerOrderFinal: Bool = true,
      eulerAtFinal: Bool = false, sigmas: Sigmas = .schedule, finalSigma: FinalSigma = .zero,
      lambdaMinClipped: Double? = nil
    ) {
      self.spacing = spacing
      self.stepsOffset = stepsOffset
      self.solverOrder = solverOrder
      self.solverType = solverType
      self.lowerOrderFinal = lowerOrderFinal
      self.eulerAtFinal = eulerAtFinal
      self.sigmas = sigmas
      self.finalSigma = finalSigma
      self.lambdaMinClipped = lambdaMinClipped
    }
  }

  /// The settings of Euler's method.
  package struct Euler: Sendable, Hashable {
    /// How the noise levels are spaced.
    package var spacing: TimestepSpacing
    /// The noise level of the last step, to which the others are stretched; nil where the shift
    /// leaves it.
    package var shiftTerminal: Double?
    /// Whether a step mixes its estimate of the signal with new noise.
    package var stochastic: Bool

    /// Settings.
    package init(
      spacing: TimestepSpacing = .linspace, shiftTerminal: Double? = nil,
      stochastic: Bool = false
    ) {
      self.spacing = spacing
      self.shiftTerminal = shiftTerminal
      self.stochastic = stochastic
    }
  }
}

extension Sampler {
  /// The sampler without its settings.
  package var kind: Kind {
    switch self {
    case .subtract: .subtract
    case .ddim: .ddim
    case .ddpm: .ddpm
    case .dpmSolver: .dpmSolver
    case .euler: .euler
    }
  }

  /// The sampler's name in a spec.
  package var name: String { kind.rawValue }

  /// The largest magnitude of the estimated signal; nil for no limit.
  package var clipSample: Double? {
    switch self {
    case .ddim(let settings): settings.clipSample
    case .ddpm(let settings): settings.clipSample
    case .dpmSolver, .euler, .subtract: nil
    }
  }
}

extension Sampler.Kind {
  /// The predictions that the sampler can use.
  package var predictions: [Prediction] {
    switch self {
    case .ddim, .ddpm: [.epsilon, .velocity, .sample]
    case .dpmSolver: [.epsilon, .velocity, .sample, .flow]
    case .euler: [.flow]
    case .subtract: [.epsilon]
    }
  }

  /// The spacings that the sampler knows, its default first.
  package var spacings: [TimestepSpacing] {
    switch self {
    case .ddim: [.leading, .trailing, .linspace]
    case .ddpm: [.leading, .trailing, .linspace, .respaced]
    case .dpmSolver: [.linspace, .leading, .trailing]
    case .euler: [.linspace, .trailing]
    case .subtract: []
    }
  }
}
