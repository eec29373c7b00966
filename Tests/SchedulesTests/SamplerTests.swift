import Foundation
import Schedules
import Testing

/// What follows from the definitions of samplers, without a reference.
@Suite struct SamplerTests {
  private static let betas = NoiseSchedule.betas(BetaSchedule())
  private static let flow = NoiseSchedule.flow(FlowSchedule())

  private func trajectory(
    _ sampler: Sampler, _ schedule: NoiseSchedule = betas, _ prediction: Prediction = .epsilon,
    steps: Int, strength: Double = 1, tokens: Int = 1, from timestep: Double? = nil
  ) throws -> SamplingTrajectory {
    try #require(
      SamplingTrajectory(
        sampler, schedule: schedule, prediction: prediction, steps: steps, strength: strength,
        tokenCount: tokens, startingAt: timestep))
  }

  @Test func `the last step of DPM-Solver++ gives its estimate exactly`() throws {
    for order in [1, 2] {
      let sampler = Sampler.dpmSolver(.init(solverOrder: order))
      let path = try trajectory(sampler, steps: 6)
      let update = path.update
      if let estimate = update.estimate {
        #expect(order == 2)
        #expect(update.latent.last == 0 && update.prediction.last == 0)
        #expect(estimate.factor.last == 1 && estimate.previousFactor.last == 0)
        #expect(estimate.previousFactor.first == 0)
      } else {
        // Folded: the factor of the latent in the estimate at the last timestep.
        #expect(order == 1)
        let level = BetaSchedule().signalLevels[Int(path.timesteps[5])]
        let last = try #require(update.latent.last)
        #expect(abs(last - 1 / level.squareRoot()) < 1e-12)
      }
    }
  }

  @Test func `one step needs no history`() throws {
    let update = try trajectory(.dpmSolver(.init()), steps: 1).update
    #expect(!update.hasHistory && update.estimate == nil && update.noise == nil)
  }

  @Test func `a run that starts later begins with a first-order step`() throws {
    let whole = try trajectory(.dpmSolver(.init()), steps: 8).update
    let late = try trajectory(.dpmSolver(.init()), steps: 8, strength: 0.5)
    #expect(late.timesteps == [500, 375, 250, 125])
    let estimate = try #require(late.update.estimate)
    #expect(estimate.previousFactor[0] == 0)
    #expect(estimate.previousFactor[1...] == whole.estimate?.previousFactor[5...])
    #expect(try trajectory(.dpmSolver(.init()), steps: 8, from: 500) == late)
    #expect(
      SamplingTrajectory(
        .dpmSolver(.init()), schedule: Self.betas, prediction: .epsilon, steps: 8,
        startingAt: 501) == nil)
  }

  @Test func `DDIM with eta 1 adds the noise of DDPM`() throws {
    let ddim = try trajectory(.ddim(.init(eta: 1)), steps: 10).update
    let ddpm = try trajectory(.ddpm(.init()), steps: 10).update
    let (a, b) = (try #require(ddim.noise), try #require(ddpm.noise))
    for step in 0..<9 { #expect(abs(a.scale[step] - b.scale[step]) < 1e-12) }
    #expect(b.scale[9] == 0 && a.slope.isEmpty && b.slope.isEmpty)
  }

  @Test func `a learned variance of an end is the fixed one`() throws {
    func noise(_ variance: Sampler.DDPM.Variance) throws -> SamplerUpdate.Noise {
      try #require(try trajectory(.ddpm(.init(variance: variance)), steps: 12).update.noise)
    }
    let (small, large) = (try noise(.fixedSmall), try noise(.fixedLarge))
    let learned = try noise(.learnedRange)
    for step in 0..<12 {
      let (scale, slope) = (learned.scale[step], learned.slope[step])
      #expect(abs(scale * exp(-slope) - small.scale[step]) < 1e-12)
      #expect(abs(scale * exp(slope) - large.scale[step]) < 1e-12)
    }
  }

  @Test func `a flow of constant direction is followed exactly`() throws {
    for spacing in [TimestepSpacing.linspace, .trailing] {
      let path = try trajectory(.euler(.init(spacing: spacing)), Self.flow, .flow, steps: 7)
      let (signal, noise) = (0.3, -1.1)
      var latent = path.signalCoefficient * signal + path.noiseCoefficient * noise
      for step in path.timesteps.indices {
        latent =
          path.update.latent[step] * latent + path.update.prediction[step] * (noise - signal)
      }
      #expect(abs(latent - signal) < 1e-12)
    }
  }

  /// Numbers worked out with diffusers and by the formulas.
  @Test func `shifts move the noise levels of a flow`() throws {
    func levels(
      _ shift: FlowSchedule.Shift, _ spacing: TimestepSpacing, steps: Int, tokens: Int = 1
    ) throws -> [Double] {
      try trajectory(
        .euler(.init(spacing: spacing)), .flow(FlowSchedule(shift: shift)), .flow, steps: steps,
        tokens: tokens
      ).timesteps.map { $0 / 1000 }
    }
    func expect(_ found: [Double], _ expected: [Double]) {
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found)")
    }
    // The shift acts on the ends twice.
    expect(
      try levels(.constant(3), .linspace, steps: 4), [1, 0.8576923, 0.6021505, 0.0089286])
    let dynamic = FlowSchedule.Shift.dynamic(.init())
    expect(
      try levels(dynamic, .trailing, steps: 4, tokens: 4096),
      [1, 0.9045308, 0.7595109, 0.5128441])
    expect(
      try levels(dynamic, .trailing, steps: 4, tokens: 1024),
      [1, 0.8492348, 0.6524895, 0.3849447])
  }

  @Test func `without noise at the first timestep every number is finite`() throws {
    let clean = NoiseSchedule.betas(BetaSchedule(betaStart: 0, betaEnd: 0))
    let samplers: [Sampler] = [
      .ddim(.init(eta: 1)), .ddpm(.init()), .ddpm(.init(variance: .learnedRange)),
      .dpmSolver(.init()), .dpmSolver(.init(finalSigma: .minimum)),
    ]
    for sampler in samplers {
      for prediction in [Prediction.epsilon, .velocity, .sample] {
        let update = try trajectory(sampler, clean, prediction, steps: 5).update
        let estimate = update.estimate
        let numbers =
          update.latent + update.prediction + (estimate?.latent ?? [])
          + (estimate?.prediction ?? []) + (estimate?.factor ?? [])
          + (estimate?.previousFactor ?? []) + (update.noise?.scale ?? [])
        #expect(numbers.allSatisfy { $0.isFinite }, "\(sampler.name) \(prediction)")
      }
    }
  }

  @Test func `a sampler refuses what it cannot use`() {
    func isThere(
      _ sampler: Sampler, _ schedule: NoiseSchedule, _ prediction: Prediction, steps: Int = 4
    ) -> Bool {
      SamplingTrajectory(
        sampler, schedule: schedule, prediction: prediction, steps: steps) != nil
    }
    #expect(!isThere(.ddim(.init()), Self.flow, .flow))
    #expect(!isThere(.euler(.init()), Self.betas, .epsilon))
    #expect(!isThere(.dpmSolver(.init()), Self.flow, .epsilon))
    #expect(!isThere(.dpmSolver(.init()), Self.betas, .flow))
    #expect(isThere(.dpmSolver(.init()), Self.flow, .flow))
    #expect(isThere(.dpmSolver(.init()), Self.betas, .epsilon, steps: 999))
    #expect(!isThere(.dpmSolver(.init()), Self.betas, .epsilon, steps: 1000))
    #expect(isThere(.ddpm(.init(spacing: .respaced)), Self.betas, .epsilon, steps: 1000))
    #expect(!isThere(.ddpm(.init(stepsOffset: 1)), Self.betas, .epsilon, steps: 1000))
  }

  @Test func `timesteps are whole, distinct and descending for any number of steps`() throws {
    let schedule = BetaSchedule()
    for kind in [Sampler.Kind.ddpm, .dpmSolver] {
      for spacing in kind.spacings {
        let sampler: Sampler =
          kind == .ddpm ? .ddpm(.init(spacing: spacing)) : .dpmSolver(.init(spacing: spacing))
        for steps in 1...sampler.maximumStepCount(.betas(schedule)) {
          let timesteps = sampler.trainTimesteps(of: schedule, steps: steps)
          #expect(timesteps.count == steps)
          #expect(timesteps.allSatisfy { (0..<1000).contains($0) })
          #expect(zip(timesteps, timesteps.dropFirst()).allSatisfy { $0 > $1 })
        }
      }
    }
  }
}
