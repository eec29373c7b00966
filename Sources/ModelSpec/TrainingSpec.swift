import Schedules

/// How the parameters learn: key `training`.
package struct TrainingSpec: Sendable, Hashable {
  /// What is made small.
  package enum Loss: String, Sendable, Hashable, CaseIterable {
    /// The mean squared error of the prediction.
    case mse
  }

  /// How much a timestep's error counts.
  package enum Weighting: Sendable, Hashable {
    /// All the same.
    case none
    /// By the smaller of the signal-to-noise ratio and `gamma`, as an error of the signal.
    ///
    /// - Source: Hang et al., Efficient Diffusion Training via Min-SNR Weighting Strategy
    ///   (arXiv 2303.09556), section 3.4.
    case minSNR(gamma: Double)
  }

  /// How a step is made of a gradient.
  package enum Optimizer: Sendable, Hashable {
    /// `parameter - rate · gradient`.
    case sgd
    /// Adam with decoupled weight decay.
    case adamW(AdamW)
  }

  /// The settings of AdamW.
  ///
  /// - Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (arXiv 1711.05101),
  ///   algorithm 2.
  package struct AdamW: Sendable, Hashable {
    /// How slowly the mean of the gradients follows them.
    package var firstBeta: Double
    /// How slowly the mean of their squares follows them.
    package var secondBeta: Double
    /// What is added to the root of the mean square.
    package var epsilon: Double
    /// The share of a parameter, times the learning rate, that each step takes away.
    package var weightDecay: Double

    /// Settings.
    package init(
      firstBeta: Double = 0.9, secondBeta: Double = 0.999, epsilon: Double = 1e-8,
      weightDecay: Double = 0
    ) {
      self.firstBeta = firstBeta
      self.secondBeta = secondBeta
      self.epsilon = epsilon
      self.weightDecay = weightDecay
    }
  }

  /// How the learning rate changes.
  package struct RateSchedule: Sendable, Hashable {
    /// Its course after the warm-up.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
      /// It stays.
      case constant
      /// Half a cosine, down to 0 at the end.
      case cosine
    }

    /// Its course after the warm-up.
    package var kind: Kind
    /// The steps over which it rises evenly to the learning rate.
    package var warmup: Int

    /// A schedule.
    package init(kind: Kind = .constant, warmup: Int = 0) {
      self.kind = kind
      self.warmup = warmup
    }
  }

  /// How the timesteps of a batch are drawn.
  package enum Timesteps: Sendable, Hashable {
    /// All equally often.
    case uniform
    /// The logit is normal of a flow's σ, or of a timestep's place among those of the betas.
    ///
    /// - Source: Esser et al. (arXiv 2403.03206), section 3.1.
    case logitNormal(mean: Double, deviation: Double)
  }

  /// What is made small.
  package var loss: Loss = .mse
  /// How much a timestep's error counts.
  package var weighting: Weighting = .none
  /// The factor of the variational bound that trains a learned variance; nil without one.
  package var variationalWeight: Double?
  /// How a step is made of a gradient.
  package var optimizer: Optimizer = .sgd
  /// The size of a step after the warm-up.
  package var learningRate: Double
  /// How the learning rate changes.
  package var schedule = RateSchedule()
  /// The largest norm of all gradients together; nil for any.
  package var clip: Double?
  /// The share of the averaged parameters that a step keeps; nil without an average.
  package var ema: Double?
  /// Samples computed together.
  package var batch = 1
  /// Batches whose gradients make one step.
  package var accumulate = 1
  /// The number of steps of a whole training.
  package var steps = 1000
  /// How the timesteps of a batch are drawn.
  package var timesteps: Timesteps = .uniform

  /// Training with a learning rate, everything else by default.
  package init(learningRate: Double) { self.learningRate = learningRate }
}
