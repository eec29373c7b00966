import Foundation
import Schedules
import Tensors
import Testing
import Weights

/// DDIM against trajectories of diffusers' `DDIMScheduler`, made by `Benchmarks/fixtures`.
@Suite struct TrajectoryTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var name: String
    var num_inference_steps: Int
    var beta_schedule: String
    var beta_start: Double
    var beta_end: Double
    var prediction_type: String
    var timestep_spacing: String
    var steps_offset: Int
    var set_alpha_to_one: Bool
    var testDescription: String { name }
  }

  struct Cases: Decodable {
    var cases: [Case]
  }

  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/samplers")

  static let cases: [Case] = {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent("cases.json")),
      let cases = try? JSONDecoder().decode(Cases.self, from: data)
    else { return [] }
    return cases.cases
  }()

  private func schedule(_ item: Case) throws -> BetaSchedule {
    let curve: BetaSchedule.Curve =
      switch item.beta_schedule {
      case "linear": .linear
      case "scaled_linear": .scaledLinear
      default: .squaredCosine
      }
    return BetaSchedule(
      curve: curve, trainSteps: 1000, betaStart: item.beta_start, betaEnd: item.beta_end)
  }

  @Test(arguments: cases)
  func `timesteps, signal levels and latents are those of diffusers`(_ item: Case) throws {
    let file = try SafetensorsFile(
      path: Self.folder.appendingPathComponent("\(item.name).safetensors").path)
    func values(_ name: String) throws -> [Float] { try #require(file[name]).tensor.values }
    let schedule = try schedule(item)
    let levels = try values("alphas_cumprod_float64")
    for (own, theirs) in zip(schedule.signalLevels, levels) {
      #expect(abs(own - Double(theirs)) <= 1e-6 * Double(theirs) + 1e-12)
    }
    let spacing = try #require(TimestepSpacing(rawValue: item.timestep_spacing))
    let sampler = Sampler.ddim(
      Sampler.DDIM(
        spacing: spacing, stepsOffset: item.steps_offset, setAlphaToOne: item.set_alpha_to_one))
    let trajectory = try #require(
      SamplingTrajectory(
        sampler, schedule: .betas(schedule),
        prediction: item.prediction_type == "epsilon" ? .epsilon : .velocity,
        steps: item.num_inference_steps))
    #expect(trajectory.timesteps == (try values("timesteps")).map(Double.init))

    var latent = try values("initial").map(Double.init)
    let expected = try values("latents_float64")
    for step in trajectory.timesteps.indices {
      for index in latent.indices {
        let prediction = 0.5 * sin(latent[index]) + 0.1 * trajectory.timesteps[step] / 1000
        latent[index] =
          trajectory.update.latent[step] * latent[index]
          + trajectory.update.prediction[step] * prediction
      }
      let theirs = expected[(step * latent.count)..<((step + 1) * latent.count)].map(Double.init)
      let largest = theirs.map(abs).max() ?? 1
      let worst = zip(latent, theirs).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= 1e-6 * largest, "step \(step)")
    }
  }

  @Test func `the fixtures are there`() { #expect(Self.cases.count == 16) }

  @Test func `subtract counts down from its start and takes the noise away whole`() throws {
    let trajectory = try #require(
      SamplingTrajectory(.subtract(start: 3), schedule: nil, prediction: .epsilon, steps: 3))
    #expect(trajectory.timesteps == [3, 2, 1])
    #expect(trajectory.update.latent == [1, 1, 1])
    #expect(trajectory.update.prediction == [-1, -1, -1])
    #expect(trajectory.signalCoefficient == 1 && trajectory.noiseCoefficient == 1)
  }

  @Test func `strength keeps the last steps and noises to the level of the first of them`() throws {
    let schedule = BetaSchedule()
    let trajectory = try #require(
      SamplingTrajectory(
        .ddim(.init()), schedule: .betas(schedule), prediction: .epsilon, steps: 10,
        strength: 0.35))
    #expect(trajectory.timesteps == [200, 100, 0])
    let level = schedule.signalLevels[200]
    #expect(abs(trajectory.signalCoefficient - level.squareRoot()) < 1e-12)
    #expect(abs(trajectory.noiseCoefficient - (1 - level).squareRoot()) < 1e-12)
  }

  @Test(arguments: [0, -1, 1001])
  func `a number of steps out of range has no trajectory`(steps: Int) {
    #expect(
      SamplingTrajectory(
        .ddim(.init()), schedule: .betas(BetaSchedule()), prediction: .epsilon, steps: steps)
        == nil)
  }

  @Test func `a perfect prediction of the noise leads back to the signal`() throws {
    let schedule = BetaSchedule(curve: .scaledLinear)
    let trajectory = try #require(
      SamplingTrajectory(
        .ddim(.init()), schedule: .betas(schedule), prediction: .epsilon, steps: 20))
    let (signal, noise) = (0.7, -1.3)
    var latent = trajectory.signalCoefficient * signal + trajectory.noiseCoefficient * noise
    for step in trajectory.timesteps.indices {
      let level = schedule.signalLevels[Int(trajectory.timesteps[step])]
      let prediction = (latent - level.squareRoot() * signal) / (1 - level).squareRoot()
      latent =
        trajectory.update.latent[step] * latent
        + trajectory.update.prediction[step] * prediction
    }
    #expect(abs(latent - signal) < 1e-9)
  }
}
