import CMallocCounter
import Compiler
import Diagnostics
import Diffusion
import GraphIR
import ModelSpec
import Runtime
import Tensors
import Testing

/// Steps that skip the blocks after the first.
@Suite struct StepCacheTests {
  private static let picture = """
    ditharos: 1
    name: picture
    latent: {channels: 4, height: 16, width: 8}
    patch_size: 2
    latent_dim: 48
    depth: 4
    heads: 4
    conditioning: {label: {classes: 5, dropout: 0.1}, modulation: adaln_zero}
    diffusion: {schedule: linear, prediction: epsilon, variance: learned_range}
    """
  private static let video = """
    ditharos: 1
    name: video
    latent: {channels: 2, frames: 4, height: 4, width: 2}
    patch_size: [2, 1, 2]
    latent_dim: 16
    depth: 2
    heads: 2
    conditioning:
      label: {classes: 5, dropout: 0.1}
      embedders: per_block
      modulation: adaln
    diffusion: {sampler: dpm_solver}
    """

  private func run(
    _ skipping: StepSkipping, of text: String = picture, threads: Int = 1,
    _ change: (inout CompileOptions) -> Void = { _ in }
  ) throws -> SamplingRun {
    let loaded = try loadSpec(text: text, file: "spec.yaml", folder: ".")
    var options = CompileOptions()
    options.steps = 8
    options.guidance = 3
    options.skipping = skipping
    options.isVerifying = true
    change(&options)
    let model = try ModelCompiler(loaded, options: options).sampling()
    let parameters = try model.spec.openParameters("random:3", folder: ".")
    return try SamplingRun(model, engine: Engine(parameters: parameters, threads: threads))
  }

  private var request: SamplingRequest {
    var request = SamplingRequest()
    request.conditions = ConditionRequest(label: 3)
    request.seed = 7
    return request
  }

  @Test(arguments: [picture, video], [Precision.f32, .bf16])
  func `a threshold of 0 gives the bytes of no cache`(text: String, precision: Precision) throws {
    for guidance in [1.0, 3] {
      for batch in [1, 2] {
        func latents(_ skipping: StepSkipping) throws -> (Tensor, SkippedSteps?) {
          let run = try run(skipping, of: text) {
            $0.precision = precision
            $0.guidance = guidance
            $0.batch = batch
          }
          return (try run.latents(request), run.skippedSteps)
        }
        let (plain, none) = try latents(.none)
        let (cached, some) = try latents(.below(0))
        #expect(cached == plain)
        #expect(none == nil)
        #expect(some?.steps == 8 && some?.skipped == 0)
      }
    }
  }

  @Test func `a threshold above every change skips all steps but the first`() throws {
    let run = try run(.below(10))
    let cached = try run.latents(request)
    #expect(run.skippedSteps?.skipped == 7)
    #expect(cached.values.allSatisfy { $0.isFinite })
    let whole = try run.latentsOfAllBlocks(request)
    let plain = try self.run(.none).latents(request)
    #expect(whole == plain)
    #expect(cached != whole)
    // The same again, with nothing left from the run between.
    #expect(try run.latents(request) == cached)
    #expect(run.skippedSteps?.skipped == 7)
  }

  @Test func `skips more steps the higher the threshold, and says how much was reused`() throws {
    var skipped: [Int] = []
    for threshold in [0, 0.4, 0.8, 1.2, 10] {
      let run = try run(.below(threshold)) { $0.steps = 20 }
      _ = try run.latents(request)
      let steps = try #require(run.skippedSteps)
      #expect(steps.steps == 20)
      #expect(steps.change <= threshold * Double(steps.skipped))
      skipped.append(steps.skipped)
    }
    #expect(skipped == skipped.sorted())
    #expect(skipped.first == 0 && skipped.last == 19)
    #expect(Set(skipped).count > 2)
  }

  @Test func `any number of threads decides alike`() throws {
    let runs = try [1, 2, 3].map { threads in
      let run = try run(.below(0.9), threads: threads) { $0.steps = 20 }
      return (try run.latents(request), run.skippedSteps)
    }
    #expect(runs.allSatisfy { $0 == runs[0] })
    #expect((runs[0].1?.skipped ?? 0) > 0)
  }

  @Test func `steps allocate nothing`() throws {
    let steps = 12
    let run = try run(.below(0.9), threads: 2) { $0.steps = steps }
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
    let skipped = try #require(run.skippedSteps).skipped
    #expect(skipped > 0 && skipped < steps - 1)
  }

  @Test func `the plan states what is kept, and the work of a step that skips nothing`() throws {
    func figures(_ skipping: StepSkipping) throws -> PlanFigures {
      let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
      var options = CompileOptions()
      options.skipping = skipping
      return try ModelCompiler(loaded, options: options).figures()
    }
    let (plain, cached) = (try figures(.none), try figures(.below(0.1)))
    #expect(cached.macsPerStep == plain.macsPerStep)
    #expect(cached.weightBytes == plain.weightBytes)
    // The first block's tokens and residual, this step's and the last's, the other blocks' residual
    // and their end: 32 tokens of 48 numbers each.
    #expect(cached.carriedBytes - plain.carriedBytes == 5 * 32 * 48 * 4)
    #expect(
      cached.stages.filter { $0.graph == "step" }.map(\.binding.rawValue).suffix(4)
        == ["first", "rest", "reuse", "step"])
  }

  @Test func `models that cannot skip, and thresholds that cannot be, are refused`() throws {
    func rules(_ text: String, _ skipping: StepSkipping) -> [String] {
      do {
        _ = try self.run(skipping, of: text) { $0.guidance = nil }
        return []
      } catch {
        return (error as? DiagnosticsError)?.diagnostics.map(\.rule.id) ?? ["\(error)"]
      }
    }
    let shallow = Self.picture.replacing("depth: 4", with: "depth: 1")
    #expect(rules(shallow, .below(0.1)) == ["options.cache"])
    #expect(rules(shallow, .spec) == [])
    for threshold in [-0.1, 11, .nan, .infinity] {
      #expect(rules(Self.picture, .below(threshold)) == ["options.cache"])
    }
    let own = Self.picture.replacing(
      "variance: learned_range", with: "variance: learned_range, cache: 10")
    let run = try self.run(.spec, of: own)
    _ = try run.latents(request)
    #expect(run.skippedSteps?.skipped == 7)
    #expect(try self.run(.none, of: own).skippedSteps == nil)
  }
}
