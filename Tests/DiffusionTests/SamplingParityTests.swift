import CMallocCounter
import Compiler
import Diagnostics
import Diffusion
import Foundation
import Kernels
import ModelSpec
import Schedules
import Tensors
import Testing
import Transforms
import Weights

/// Whole runs of a tiny DiT through the planned runtime against diffusers in double precision:
/// model, guidance, sampler; made by `Benchmarks/fixtures/sampling.py`.
@Suite struct SamplingParityTests {
  static let folder = SchedulerCase.fixtures.appendingPathComponent("dit-sampling")
  static let cases = SchedulerCase.cases(in: folder)

  private static let denoiser = """
    latent: {channels: 4, height: 12, width: 12}
    patch_size: 3
    latent_dim: 12
    depth: 3
    heads: 2
    conditioning:
      label: {classes: 5, dropout: 0.1}
      timestep: {frequency_shift: 1}
      modulation: adaln_zero
    feed_forward: {norm: {epsilon: 0.01}}
    weights: {layout: diffusers}
    """

  @Test func `the fixtures are there`() { #expect(Self.cases.count == 15) }

  private func model(
    _ item: SchedulerCase, passes: [Pass] = PassPipeline.all
  ) throws -> CompiledModel {
    let text = try item.spec(Self.denoiser, diffusion: "variance: learned_range")
    var options = CompileOptions()
    options.batch = 2
    options.passes = passes
    options.isVerifying = true
    return try ModelCompiler(
      loadSpec(text: text, file: "\(item.name).yaml", folder: nil), options: options
    ).sampling()
  }

  private func run(_ model: CompiledModel, threads: Int = 1) throws -> SamplingRun {
    let weights = SchedulerCase.fixtures
      .appendingPathComponent("dit-tiny-shared/diffusion_pytorch_model.safetensors").path
    let parameters = try model.spec.openParameters(weights, folder: ".")
    return try SamplingRun(model, engine: Engine(parameters: parameters, threads: threads))
  }

  private func tensor(_ name: String) throws -> Tensor {
    let path = Self.folder.appendingPathComponent("latents.safetensors").path
    return try #require(try SafetensorsFile(path: path)[name]).tensor
  }

  private func request(for model: CompiledModel) throws -> SamplingRequest {
    var request = SamplingRequest()
    request.conditions = ConditionRequest(label: 1)
    request.noise = try tensor("initial")
    if model.trajectory.update.noise != nil {
      let noise = try tensor("noise")
      let steps = model.trajectory.timesteps.count
      request.stepNoise = Tensor(
        [steps] + noise.shape.dimensions.dropFirst(),
        Array(noise.values.prefix(steps * noise.values.count / noise.shape[0])))
    }
    return request
  }

  @Test(arguments: cases, [false, true])
  func `a run ends where diffusers' does, unfused and fused`(
    _ item: SchedulerCase, isFused: Bool
  ) throws {
    let model = try model(item, passes: isFused ? PassPipeline.all : PassPipeline.none)
    let run = try run(model)
    let found = try run.latents(request(for: model))
    let expected = try tensor(item.name)
    #expect(found.shape == expected.shape)
    let largest = expected.values.map(abs).max() ?? 1
    let worst =
      zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    // A clipped estimate divides by the little signal that is left at the first step.
    let bound: Float = item.name.contains("clip") ? 1e-4 : 1e-5
    #expect(worst <= bound * largest, "\(worst / largest)")
    // What the run left in the states changes nothing.
    #expect(try run.latents(request(for: model)) == found)
  }

  @Test(arguments: cases) func `steps allocate nothing, the drawn noise included`(
    _ item: SchedulerCase
  ) throws {
    let model = try model(item)
    let steps = model.trajectory.timesteps.count
    guard steps > 2 else { return }
    let run = try run(model, threads: 2)
    var request = SamplingRequest()
    request.conditions = ConditionRequest(label: 1)
    request.seed = 3
    var fewest = Int64.max
    for _ in 0..<malloc_counter_attempts where fewest > 0 {
      var count = Int64.max
      _ = try run.latents(request) { done in
        if done == 1 { malloc_counter_start() }
        if done == steps - 1 { count = malloc_counter_stop().calls }
      }
      fewest = min(fewest, count)
    }
    #expect(fewest == 0)
  }

  @Test(arguments: cases)
  func `drawn noise gives the same bytes for any number of threads`(_ item: SchedulerCase) throws {
    let model = try model(item)
    func latents(threads: Int, seed: UInt64) throws -> [Float] {
      var request = SamplingRequest()
      request.conditions = ConditionRequest(label: 2)
      request.seed = seed
      return try run(model, threads: threads).latents(request).values
    }
    let one = try latents(threads: 1, seed: 5)
    #expect(one.allSatisfy { $0.isFinite })
    #expect(try latents(threads: 3, seed: 5) == one)
    #expect(try latents(threads: 2, seed: 6) != one)
  }

  @Test func `the noise of step i is that of the generator's step i + 1, a seed for each sample`()
    throws
  {
    let item = try #require(Self.cases.first { $0.name == "ddpm-small" })
    let model = try model(item)
    let (steps, count) = (model.trajectory.timesteps.count, 4 * 12 * 12)
    func normals(_ step: Int) -> [Float] {
      [9, 10].flatMap { philoxNormals(seed: $0, step: UInt64(step), count: count) }
    }
    var drawn = SamplingRequest()
    drawn.conditions = ConditionRequest(label: 2)
    drawn.seed = 9
    var given = drawn
    given.seed = nil
    given.noise = Tensor([2, 4, 12, 12], normals(0))
    given.stepNoise = Tensor(
      [steps, 2, 4, 12, 12], (1...steps).flatMap(normals))
    let run = try run(model, threads: 2)
    #expect(try run.latents(drawn) == run.latents(given))
  }

  @Test func `noise for steps that does not fit is refused`() throws {
    func rules(_ name: String, _ noise: Tensor) throws -> [String] {
      let model = try model(try #require(Self.cases.first { $0.name == name }))
      var request = try request(for: model)
      request.stepNoise = noise
      let run = try run(model)
      do throws(DiagnosticsError) {
        _ = try run.latents(request)
        return []
      } catch { return error.diagnostics.map(\.rule.id) }
    }
    let noise = try tensor("noise")
    #expect(try rules("ddim-guided", noise) == ["run.noise"])
    #expect(try rules("ddpm-large-clip", noise) == ["run.noise"])
    #expect(try rules("ddpm-small", noise) == [])
  }
}
