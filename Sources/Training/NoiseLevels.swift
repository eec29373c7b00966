import Glibc
import ModelSpec
import Schedules

/// The noise levels that training draws from.
package struct NoiseLevels {
  /// How one is made of random numbers.
  private enum Source {
    /// One of these.
    case listed([TrainingLevel])
    /// Timesteps 1 to `trainSteps` of a flow.
    case flow(FlowSchedule)
    /// σ of a flow, by its logit.
    case flowLogits(FlowSchedule, mean: Double, deviation: Double)
    /// One of these, by the logit of its place among them.
    case listedLogits([TrainingLevel], mean: Double, deviation: Double)
  }

  private let source: Source
  private let prediction: Prediction
  private let weighting: TrainingSpec.Weighting

  /// The levels of a model.
  ///
  /// - Parameter trajectory: The steps of a run, which are drawn from where there is no schedule.
  package init(
    _ diffusion: DiffusionSpec?, _ training: TrainingSpec, _ trajectory: SamplingTrajectory
  ) {
    prediction = diffusion?.prediction ?? .epsilon
    weighting = training.weighting
    switch (diffusion?.schedule, training.timesteps) {
    case (.betas(let schedule)?, .uniform): source = .listed(schedule.trainingLevels(prediction))
    case (.betas(let schedule)?, .logitNormal(let mean, let deviation)):
      source = .listedLogits(
        schedule.trainingLevels(prediction), mean: mean, deviation: deviation)
    case (.flow(let schedule)?, .uniform): source = .flow(schedule)
    case (.flow(let schedule)?, .logitNormal(let mean, let deviation)):
      source = .flowLogits(schedule, mean: mean, deviation: deviation)
    case (nil, _):
      source = .listed(
        trajectory.timesteps.map {
          TrainingLevel(
            timestep: $0, signal: trajectory.signalCoefficient,
            noise: trajectory.noiseCoefficient)
        })
    }
  }

  /// A level.
  ///
  /// - Parameters:
  ///   - uniform: A uniform number in [0, 1).
  ///   - normal: A standard normal number.
  package func draw(uniform: Float, normal: Float) -> TrainingLevel {
    switch source {
    case .listed(let levels): return levels[Int(uniform * Float(levels.count))]
    case .flow(let schedule):
      let timestep = Int(uniform * Float(schedule.trainSteps)) + 1
      return schedule.trainingLevel(sigma: Double(timestep) / Double(schedule.trainSteps))
    case .flowLogits(let schedule, let mean, let deviation):
      return schedule.trainingLevel(sigma: sigmoid(mean + deviation * Double(normal)))
    case .listedLogits(let levels, let mean, let deviation):
      let place = Int(sigmoid(mean + deviation * Double(normal)) * Double(levels.count))
      return levels[min(place, levels.count - 1)]
    }
  }

  private func sigmoid(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }

  /// The level that a model is told as a timestep; nil when training sees none.
  func level(at timestep: Double) -> TrainingLevel? {
    switch source {
    case .listed(let levels), .listedLogits(let levels, _, _):
      levels.first { $0.timestep == timestep }
    case .flow(let schedule), .flowLogits(let schedule, _, _):
      schedule.trainingLevel(sigma: timestep / Double(schedule.trainSteps))
    }
  }

  /// How much the squared error counts at a level.
  func weight(of level: TrainingLevel) -> Double {
    switch weighting {
    case .none: 1
    case .minSNR(let gamma): prediction.minSNRWeight(of: level, gamma: gamma)
    }
  }
}
