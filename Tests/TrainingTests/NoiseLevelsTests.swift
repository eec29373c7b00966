import ModelSpec
import Schedules
import Testing
import Training

/// The noise levels that a training draws.
@Suite struct NoiseLevelsTests {
  /// The levels of a training with a normal logit of mean 0.5 and deviation 0.8.
  private func levels(of schedule: NoiseSchedule, _ prediction: Prediction) throws -> NoiseLevels {
    let sampler: Sampler = schedule.isFlow ? .euler(Sampler.Euler()) : .ddim(Sampler.DDIM())
    let diffusion = DiffusionSpec(
      schedule: schedule, prediction: prediction, variance: .none, sampler: sampler, steps: 10,
      guidance: 1)
    var training = TrainingSpec(learningRate: 1e-3)
    training.timesteps = .logitNormal(mean: 0.5, deviation: 0.8)
    let trajectory = try #require(
      SamplingTrajectory(sampler, schedule: schedule, prediction: prediction, steps: 10))
    return NoiseLevels(diffusion, training, trajectory)
  }

  // Quantiles of the normal distribution, 1 / (1 + exp(-(0.5 + 0.8 z))) computed by hand.
  private static let quantiles: [(normal: Float, share: Double)] = [
    (-1.2815516, 0.371627), (0, 0.622459), (1.2815516, 0.821309),
  ]

  @Test func `the logit of a flow's noise level is normal`() throws {
    let levels = try levels(of: .flow(FlowSchedule()), .flow)
    for (normal, share) in Self.quantiles {
      #expect(abs(levels.draw(uniform: 0.9, normal: normal).noise - share) < 1e-5)
    }
  }

  @Test func `with betas the logit of a timestep's place among all is normal`() throws {
    let schedule = BetaSchedule()
    let levels = try levels(of: .betas(schedule), .sample)
    for (normal, share) in Self.quantiles {
      let level = levels.draw(uniform: 0.9, normal: normal)
      #expect(level.timestep == (share * 1000).rounded(.down))
      #expect(level == schedule.trainingLevels(.sample)[Int(level.timestep)])
    }
    #expect(levels.draw(uniform: 0, normal: 100).timestep == 999)
    #expect(levels.draw(uniform: 0, normal: -100).timestep == 0)
  }
}
