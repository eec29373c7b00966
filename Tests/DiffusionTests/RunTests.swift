import Compiler
import Diagnostics
import Diffusion
import Foundation
import Lowering
import Media
import ModelSpec
import Tensors
import Testing
import Transforms
import Weights

/// Runs against traces, against one another, and against the worked example's numbers.
@Suite struct RunTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func shipped(_ name: String) throws -> LoadedSpec {
    try loadSpec(file: Self.root.appendingPathComponent("Specs/\(name)").path)
  }

  private func run(
    _ loaded: LoadedSpec, _ request: SamplingRequest = SamplingRequest(),
    weights: String? = nil, threads: Int = 1, _ change: (inout CompileOptions) -> Void = { _ in }
  ) throws -> (latents: Tensor, pixels: Tensor?) {
    var options = CompileOptions()
    change(&options)
    let model = try ModelCompiler(loaded, options: options).sampling()
    let parameters = try model.spec.openParameters(weights, folder: ".")
    let run = try SamplingRun(model, engine: Engine(parameters: parameters, threads: threads))
    let latents = try run.latents(request)
    return (latents, try run.pixels(of: latents, sample: 0))
  }

  private func trace(_ loaded: LoadedSpec, passes: [Pass]) throws -> TraceResult {
    var options = CompileOptions()
    options.passes = passes
    let parameters = try loaded.spec.openParameters(nil, folder: ".")
    return try Tracer(ModelCompiler(loaded, options: options))
      .trace(ConditionRequest(), engine: Engine(parameters: parameters, threads: 1))
  }

  @Test(arguments: ["sora-by-hand.yaml", "sora-by-hand-corrected.yaml"])
  func `a trace shows what a run computes`(name: String) throws {
    let loaded = try shipped(name)
    let (latents, pixels) = try run(loaded)
    for passes in [PassPipeline.none, PassPipeline.all] {
      let trace = try trace(loaded, passes: passes)
      func value(_ name: String) throws -> Tensor {
        trace.value(of: try #require(trace.probes.first { $0.name == name }))
      }
      #expect(try value("denoised_latent").values == latents.values)
      #expect(try value("frames").values == pixels?.values)
    }
  }

  @Test func `the worked example ends in its published sizes and our frames`() throws {
    let (latents, pixels) = try run(shipped("sora-by-hand.yaml"))
    #expect(latents == Tensor([1, 2, 4, 1, 1], [1, 2, 0, 2, 3, 3, 3, 2]))
    let frames: [Float] = [1, 1, 0, 1, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 0, 2]
    #expect(pixels == Tensor([1, 1, 4, 2, 2], frames))
  }

  @Test func `one optimiser step takes the loss to the number worked out exactly`() throws {
    var loaded = try shipped("sora-by-hand.yaml")
    let first = try trace(loaded, passes: PassPipeline.none)
    for (name, value) in first.updated {
      let index = try #require(loaded.spec.parameters.firstIndex { $0.name == name })
      loaded.spec.parameters[index].value = value
    }
    let second = try trace(loaded, passes: PassPipeline.none)
    func loss(_ trace: TraceResult) throws -> Float {
      trace.value(of: try #require(trace.probes.first { $0.name == "loss" })).values[0]
    }
    #expect(try loss(first) == 0.75)
    #expect(abs(try loss(second) - 0.626718700114111) < 1e-6)
  }

  @Test(arguments: ["sora-by-hand.yaml", "sora-by-hand-corrected.yaml"])
  func `every number that is marked as published is shown`(name: String) throws {
    let loaded = try shipped(name)
    let trace = try trace(loaded, passes: PassPipeline.none)
    let shown = Set(trace.probes.map { "\($0.role.rawValue).\($0.name)" })
    #expect(!trace.published.isEmpty && trace.published.isSubset(of: shown))
  }

  private static let picture = """
    ditharos: 1
    name: picture
    latent: {channels: 4, height: 16, width: 8}
    patch_size: 2
    latent_dim: 48
    depth: 2
    heads: 4
    conditioning: {label: {classes: 5, dropout: 0.1}, modulation: adaln_zero}
    diffusion: {schedule: linear, prediction: epsilon, variance: learned_range}
    """

  private func pictureRequest(seed: UInt64 = 7, label: Int = 3) -> SamplingRequest {
    var request = SamplingRequest()
    request.conditions = ConditionRequest(label: label)
    request.seed = seed
    return request
  }

  @Test func `any number of threads gives the same bytes`() throws {
    let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    let runs = try [1, 2, 3, 4].map { threads in
      try run(loaded, pictureRequest(), weights: "random:3", threads: threads) {
        $0.steps = 4
        $0.guidance = 3
      }.latents
    }
    #expect(runs.allSatisfy { $0 == runs[0] })
  }

  @Test(arguments: ["sora-by-hand.yaml", "sora-by-hand-corrected.yaml"])
  func `the worked example's small integers are exact in bf16`(name: String) throws {
    let loaded = try shipped(name)
    let wide = try run(loaded)
    for passes in [PassPipeline.none, PassPipeline.all] {
      let short = try run(loaded) {
        $0.precision = .bf16
        $0.passes = passes
      }
      #expect(short.latents == wide.latents)
      #expect(short.pixels == wide.pixels)
    }
  }

  @Test func `any number of threads gives the same bytes in bf16`() throws {
    let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    let runs = try [1, 2, 3, 4].map { threads in
      try run(loaded, pictureRequest(), weights: "random:3", threads: threads) {
        $0.steps = 4
        $0.guidance = 3
        $0.precision = .bf16
      }.latents
    }
    #expect(runs.allSatisfy { $0 == runs[0] })
  }

  @Test func `a run in bf16 stays near one in f32`() throws {
    let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    func latents(_ precision: Precision, _ passes: [Pass] = PassPipeline.all) throws -> [Float] {
      try run(loaded, pictureRequest(), weights: "random:3") {
        $0.steps = 10
        $0.guidance = 2
        $0.precision = precision
        $0.passes = passes
      }.latents.values
    }
    let wide = try latents(.f32)
    let largest = wide.map(abs).max() ?? 1
    for passes in [PassPipeline.none, PassPipeline.all] {
      let short = try latents(.bf16, passes)
      let error = zip(short, wide).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error <= 0.03 * largest)
      #expect(short != wide)
    }
  }

  @Test func `fused and unfused runs agree, seeds and labels matter`() throws {
    let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    func latents(
      _ request: SamplingRequest, passes: [Pass] = PassPipeline.all, guidance: Double = 2
    ) throws -> [Float] {
      try run(loaded, request, weights: "random:3") {
        $0.steps = 5
        $0.guidance = guidance
        $0.passes = passes
      }.latents.values
    }
    let fused = try latents(pictureRequest())
    let unfused = try latents(pictureRequest(), passes: PassPipeline.none)
    let largest = unfused.map(abs).max() ?? 1
    #expect(zip(fused, unfused).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
    #expect(try latents(pictureRequest()) == fused)
    #expect(try latents(pictureRequest(seed: 8)) != fused)
    #expect(try latents(pictureRequest(label: 4)) != fused)
    // The null class against itself: guidance has no direction to go.
    let null = try latents(pictureRequest(label: 5), guidance: 1)
    let guidedNull = try latents(pictureRequest(label: 5), guidance: 6)
    #expect(zip(null, guidedNull).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
  }

  @Test func `a run can be repeated and another may follow with the same memory`() throws {
    let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    var options = CompileOptions()
    options.steps = 3
    let model = try ModelCompiler(loaded, options: options).sampling()
    let parameters = try model.spec.openParameters("random:3", folder: ".")
    let run = try SamplingRun(model, engine: Engine(parameters: parameters, threads: 2))
    let first = try run.latents(pictureRequest())
    let other = try run.latents(pictureRequest(label: 1))
    #expect(other != first)
    #expect(try run.latents(pictureRequest()) == first)
  }

  @Test func `samples made together are those made alone`() throws {
    let loaded = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    let count = 4 * 16 * 8
    let noise = (0..<(2 * count)).map { Float(($0 * 37) % 101) / 50 - 1 }
    func latents(_ batch: Int, _ values: ArraySlice<Float>) throws -> [Float] {
      var request = pictureRequest()
      request.noise = Tensor([batch, 4, 16, 8], Array(values))
      return try run(loaded, request, weights: "random:3") {
        $0.steps = 3
        $0.guidance = 2
        $0.batch = batch
      }.latents.values
    }
    let together = try latents(2, noise[...])
    let alone = try latents(1, noise[..<count]) + latents(1, noise[count...])
    let largest = alone.map(abs).max() ?? 1
    #expect(zip(together, alone).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
  }

  @Test func `conditions that are missing, unknown or unused are refused together`() throws {
    let words = try shipped("sora-by-hand.yaml")
    func rules(_ loaded: LoadedSpec, _ request: ConditionRequest) -> [String] {
      do throws(DiagnosticsError) {
        _ = try loaded.spec.conditionInputs(request, batch: 1)
        return []
      } catch {
        return error.diagnostics.map(\.rule.id)
      }
    }
    #expect(
      rules(words, ConditionRequest(prompt: "sora is blue", label: 3))
        == ["prompt.unknown-word", "run.unused-input"])
    let picture = try loadSpec(text: Self.picture, file: "spec.yaml", folder: ".")
    #expect(
      rules(picture, ConditionRequest(prompt: "sky"))
        == ["run.unused-input", "run.label-missing"])
    #expect(rules(picture, ConditionRequest(label: 6)) == ["run.label-range"])
    #expect(rules(picture, ConditionRequest(label: 5)) == [])
  }
}
