import Schedules
import Testing

@Suite struct TrainingLevelTests {
  @Test(arguments: [Prediction.epsilon, .velocity, .sample])
  func `levels keep the variance, and bounds are those of the posterior`(
    prediction: Prediction
  ) throws {
    let schedule = BetaSchedule()
    let levels = schedule.trainingLevels(prediction)
    #expect(levels.count == 1000 && levels[7].timestep == 7)
    for level in levels {
      #expect(abs(level.signal * level.signal + level.noise * level.noise - 1) < 1e-12)
      let bound = try #require(level.bound)
      #expect(bound.range >= 0 && bound.error >= 0)
    }
    // With the posterior's own variance and mean nothing diverges.
    let bound = try #require(levels[500].bound)
    #expect(abs(bound.level / 2 / 0.693_147_180_559_945_3 + bound.offset) < 1e-12)
    #expect(levels[0].bound?.level == 0 && levels[1].bound?.level == 1)
  }

  @Test func `weights of Min-SNR are those of its paper`() {
    let noisy = TrainingLevel(timestep: 900, signal: 0.6, noise: 0.8)
    let clear = TrainingLevel(timestep: 1, signal: 0.96, noise: 0.28)
    let ratio = 0.96 * 0.96 / (0.28 * 0.28)
    func weight(_ prediction: Prediction, _ level: TrainingLevel) -> Double {
      prediction.minSNRWeight(of: level, gamma: 5)
    }
    #expect(weight(.epsilon, noisy) == 1)
    #expect(abs(weight(.epsilon, clear) - 5 / ratio) < 1e-12)
    #expect(abs(weight(.velocity, noisy) - 0.5625 / 1.5625) < 1e-12)
    #expect(abs(weight(.velocity, clear) - 5 / (ratio + 1)) < 1e-12)
    #expect(abs(weight(.sample, noisy) - 0.5625) < 1e-12)
    #expect(weight(.sample, clear) == 5)
    let pure = TrainingLevel(timestep: 999, signal: 0, noise: 1)
    #expect(weight(.epsilon, pure) == 1 && weight(.sample, pure) == 0)
  }

  @Test func `a flow mixes along a line`() {
    let level = FlowSchedule(trainSteps: 1000, shift: .constant(3)).trainingLevel(sigma: 0.25)
    #expect(level.signal == 0.75 && level.noise == 0.25 && level.timestep == 250)
    #expect(level.bound == nil)
  }
}
