import Diagnostics
import Documents
import Foundation
import ModelSpec
import Schedules
import Tensors
import Testing
import Weights

/// Trajectories against diffusers' schedulers in double precision, from their configurations on;
/// made by `Benchmarks/fixtures/schedulers.py`.
@Suite struct SchedulerParityTests {
  static let folder = SchedulerCase.fixtures.appendingPathComponent("schedulers")
  static let cases = SchedulerCase.cases(in: folder)

  @Test func `the fixtures are there`() { #expect(Self.cases.count == 66) }

  @Test(arguments: cases)
  func `timesteps and latents are those of diffusers`(_ item: SchedulerCase) throws {
    let file = try SafetensorsFile(
      path: Self.folder.appendingPathComponent("trajectories.safetensors").path)
    func values(_ name: String) throws -> [Double] {
      try #require(file[name]).tensor.values.map(Double.init)
    }
    let loaded = try loadSpec(
      text: item.spec(
        """
        latent: {channels: 3, height: 2, width: 2}
        patch_size: 1
        latent_dim: 4
        depth: 1
        heads: 1
        """, diffusion: "variance: learned_range"), file: "\(item.name).yaml", folder: nil)
    let diffusion = try #require(loaded.spec.diffusion)
    let trajectory = try #require(
      SamplingTrajectory(
        diffusion.sampler, schedule: diffusion.schedule, prediction: diffusion.prediction,
        steps: diffusion.steps, tokenCount: item.tokens))
    let timesteps = try values("\(item.name).timesteps")
    #expect(trajectory.timesteps.count == timesteps.count)
    for (own, theirs) in zip(trajectory.timesteps, timesteps) {
      #expect(abs(own - theirs) <= 1e-6 * theirs)
    }

    let (noise, expected) = (try values("noise"), try values("\(item.name).latents"))
    var latent = try values("initial")
    let count = latent.count
    // Of long runs only the end is stored.
    let skipped = timesteps.count - expected.count / count
    var previous = [Double](repeating: 0, count: count)
    for step in trajectory.timesteps.indices {
      advance(
        &latent, &previous, trajectory, step: step,
        noise: noise[(step * count)..<((step + 1) * count)])
      if step < skipped { continue }
      let start = (step - skipped) * count
      let theirs = expected[start..<(start + count)]
      let largest = theirs.map(abs).max() ?? 1
      let worst = zip(latent, theirs).map { abs($0 - $1) }.max() ?? .infinity
      // The stored numbers are rounded to 6e-8.
      #expect(worst <= 2e-7 * largest, "step \(step): \(worst / largest)")
    }
  }

  /// One step in double precision, with the fixtures' model.
  private func advance(
    _ latent: inout [Double], _ previous: inout [Double], _ trajectory: SamplingTrajectory,
    step: Int, noise: ArraySlice<Double>
  ) {
    let update = trajectory.update
    for (index, drawn) in zip(latent.indices, noise) {
      let x = latent[index]
      let prediction = 0.5 * sin(x) + 0.1 * trajectory.timesteps[step] / 1000
      var next = update.latent[step] * x + update.prediction[step] * prediction
      if let form = update.estimate {
        var estimate = form.latent[step] * x + form.prediction[step] * prediction
        if let limit = form.limit { estimate = min(max(estimate, -limit), limit) }
        next += form.factor[step] * estimate
        if update.hasHistory { next += form.previousFactor[step] * previous[index] }
        previous[index] = estimate
      }
      if let added = update.noise {
        let slope = added.slope.isEmpty ? 0 : added.slope[step]
        next += added.scale[step] * exp(slope * cos(3 * x)) * drawn
      }
      latent[index] = next
    }
  }

  @Test(arguments: [
    "DDPMScheduler", "DDIMScheduler", "DPMSolverMultistepScheduler",
    "FlowMatchEulerDiscreteScheduler",
  ])
  func `a configuration with every argument says what an empty one does`(name: String) throws {
    func imported(_ text: String) throws -> ImportedScheduler {
      try importScheduler(parseJSON(text, file: "scheduler_config.json", allowsNonFinite: true))
    }
    let whole = try imported(
      String(contentsOf: Self.folder.appendingPathComponent("\(name).json"), encoding: .utf8))
    let empty = try imported("{\"_class_name\": \"\(name)\"}")
    #expect(whole.keys.warnings.isEmpty && empty.keys.warnings.isEmpty)
    func diffusion(_ imported: ImportedScheduler) throws -> DiffusionSpec? {
      let text = "ditharos: 1\nname: only\n" + "diffusion: \(imported.diffusion.flow)\n"
      return try loadSpec(text: text, file: "spec.yaml", folder: nil).spec.diffusion
    }
    #expect(try diffusion(whole) != nil)
    #expect(try diffusion(whole) == diffusion(empty))
  }
}

/// A case of a fixture: a scheduler's configuration and what a spec says beyond it.
struct SchedulerCase: Sendable, CustomTestStringConvertible {
  var name: String
  var steps: Int
  var tokens: Int
  var guidance: String
  var guidedChannels: String?
  /// As the fixture has them.
  var config: DocumentNode
  var keys: DocumentNode

  var testDescription: String { name }

  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")

  static func cases(in folder: URL) -> [SchedulerCase] {
    guard
      let text = try? String(
        contentsOf: folder.appendingPathComponent("cases.json"), encoding: .utf8),
      let root = try? parseJSON(text, file: "cases.json"), let cases = root["cases"]?.elements
    else { return [] }
    return cases.compactMap(SchedulerCase.init)
  }

  private init?(_ node: DocumentNode) {
    guard let name = node["name"]?.text, let steps = node["steps"]?.text.flatMap({ Int($0) }),
      let scheduler = node["scheduler"], let config = node["config"]?.entries,
      let keys = node["keys"]
    else { return nil }
    self.name = name
    self.steps = steps
    tokens = node["tokens"]?.text.flatMap { Int($0) } ?? 1
    guidance = node["guidance"]?.text ?? "1"
    guidedChannels = node["guided_channels"]?.text
    var key = scheduler
    key.kind = .scalar("_class_name", .quoted)
    var whole = node
    whole.kind = .mapping([DocumentNode.Entry(key: key, value: scheduler)] + config)
    self.config = whole
    self.keys = keys
  }

  /// A spec with the given denoiser and the case's diffusion.
  func spec(_ denoiser: String, diffusion: String) throws -> String {
    let imported = try importScheduler(config)
    guard case .mapping(let entries) = imported.diffusion else { return "" }
    let own = keys.entries ?? []
    let written = Set(own.compactMap(\.key.text))
    let lines =
      entries.filter { !written.contains($0.key) }.map { "\($0.key): \($0.value.flow)" }
      + own.map { "\($0.key.text ?? ""): \($0.value.text ?? "")" }
      + [diffusion, "steps: \(steps)", "guidance: \(guidance)"]
      + (guidedChannels.map { ["guidance_channels: \($0)"] } ?? [])
    return """
      ditharos: 1
      name: case
      \(denoiser)
      diffusion:
        \(lines.joined(separator: "\n  "))

      """
  }
}
