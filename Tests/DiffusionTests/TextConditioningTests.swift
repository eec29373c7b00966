import Compiler
import Diagnostics
import Diffusion
import Foundation
import Kernels
import ModelSpec
import Runtime
import Tensors
import Testing
import Transforms
import Weights

/// Prompts through a text encoder: a small model against PyTorch, made by
/// Benchmarks/fixtures/text_conditioning.py, and what a run makes of words.
@Suite struct TextConditioningTests {
  private static let spec = """
    ditharos: 1
    name: text
    latent: {channels: 2, height: 4, width: 6}
    patch_size: 2
    latent_dim: 12
    depth: 2
    heads: 3
    text_encoder:
      {width: 10, depth: 2, heads: 5, hidden: 14, length: 5, unknown: token,
        vocabulary: [red, green, blue, sky, night, sun]}
    cross_attention: {heads: 2}
    conditioning:
      prompt: {embedding: text_encoder, dropout: 0.1}
      timestep: {width: 8}
      modulation: adaln_zero
    diffusion: {sampler: euler, schedule: flow, prediction: flow}
    """

  private static let fixture = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/text-conditioning/text-conditioning.safetensors").path

  private let tensors: [String: Tensor]
  private let loaded: LoadedSpec

  init() throws {
    let file = try SafetensorsFile(path: Self.fixture)
    tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) })
    var loaded = try loadSpec(text: Self.spec, file: "text.yaml", folder: nil)
    for declaration in loaded.spec.parameterDeclarations {
      loaded.spec.parameters.append(
        InlineParameter(
          name: declaration.name,
          value: try #require(tensors["parameter.\(declaration.name)"])))
    }
    self.loaded = loaded
  }

  private func relativeError(_ found: Tensor, _ expected: Tensor) -> Float {
    guard found.shape == expected.shape else { return .infinity }
    let largest = expected.values.map(abs).max() ?? 1
    return (zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity) / largest
  }

  @Test(arguments: [false, true])
  func `the prediction is PyTorch's to 1e-5, unfused and fused`(isFused: Bool) throws {
    var options = CompileOptions()
    options.passes = isFused ? PassPipeline.all : PassPipeline.none
    options.isVerifying = true
    let result = try Evaluation(loaded, options: options).run(entry: nil, inputs: tensors) {
      spec throws(DiagnosticsError) in
      try Engine(parameters: try spec.openParameters(nil, folder: "."), threads: 2)
    }
    #expect(relativeError(result.value, try #require(tensors["prediction"])) <= 1e-5)
  }

  @Test(arguments: KernelRow.supported, [Precision.f32, .bf16])
  func `every row of kernels takes words`(row: KernelRow, precision: Precision) throws {
    var options = CompileOptions()
    options.batch = 3
    options.precision = precision
    let graph = try #require(try ModelCompiler(loaded, options: options).entry("prediction"))
    let executable = try Executable(
      graph.staged, graph.plan,
      weights: WeightStore(loaded.spec.openParameters(nil, folder: ".")),
      pool: Engine.threadPool(threadCount: 2), row: row)
    for name in ["latent", "timestep", "text_ids"] {
      let tensor = try #require(tensors[name])
      try executable.set(
        name,
        name == "text_ids"
          ? Tensor(TensorType(.i32, tensor.shape), tensor.values)
          : Tensor(tensor.shape.dimensions, tensor.values))
    }
    try executable.run()
    let error = relativeError(
      try executable.output("prediction"), try #require(tensors["prediction"]))
    #expect(error <= (precision == .f32 ? 1e-5 : 0.03), "\(error)")
  }

  private func latents(
    prompt: String, guidance: Double, change: (inout CompileOptions) -> Void = { _ in }
  ) throws -> Tensor {
    var options = CompileOptions()
    options.steps = 1
    options.guidance = guidance
    change(&options)
    let model = try ModelCompiler(loaded, options: options).sampling()
    let parameters = try model.spec.openParameters(nil, folder: ".")
    let run = try SamplingRun(model, engine: Engine(parameters: parameters, threads: 1))
    var request = SamplingRequest()
    request.conditions = ConditionRequest(prompt: prompt)
    request.seed = 5
    return try run.latents(request)
  }

  @Test func `guidance leads away from the empty prompt`() throws {
    let empty = try latents(prompt: "", guidance: 1)
    let asked = try latents(prompt: "red sky", guidance: 1)
    #expect(relativeError(asked, empty) > 1e-2)
    let expected = zip(empty.values, asked.values).map { $0 + 3.5 * ($1 - $0) }
    let guided = try latents(prompt: "red sky", guidance: 3.5)
    #expect(relativeError(guided, Tensor(guided.shape.dimensions, expected)) < 1e-5)
  }

  @Test func `every place of a word counts`() throws {
    let first = try latents(prompt: "red sky", guidance: 1)
    #expect(try latents(prompt: "sky red", guidance: 1) != first)
    #expect(try latents(prompt: "Red, SKY!", guidance: 1) == first)
    // Unknown words read the same row, and what is cut off changes nothing.
    #expect(
      try latents(prompt: "red xylophone", guidance: 1) == latents(prompt: "red cat", guidance: 1))
    let long = "red sky red sky red"
    #expect(
      try latents(prompt: long + " night", guidance: 1) == latents(prompt: long, guidance: 1))
  }

  @Test func `words survive skipped blocks`() throws {
    func latents(_ skipping: StepSkipping) throws -> Tensor {
      try self.latents(prompt: "blue night", guidance: 2) {
        $0.steps = 6
        $0.skipping = skipping
      }
    }
    #expect(try latents(.below(0)) == latents(.none))
    #expect(try latents(.below(10)).values.allSatisfy(\.isFinite))
  }

  @Test func `what a prompt loses is reported`() throws {
    func warnings(_ prompt: String) -> [String] {
      loaded.located(loaded.spec.promptWarnings(ConditionRequest(prompt: prompt)))
        .map { "\($0.primary?.start.line ?? 0) \($0.rule.id)" }
    }
    #expect(warnings("red sky") == [])
    #expect(warnings("") == [])
    #expect(warnings("a red sky") == ["10 prompt.unread-word"])
    #expect(warnings("red sky red sky red sky") == ["9 prompt.cut"])
    #expect(
      try loaded.spec.conditionInputs(ConditionRequest(prompt: ""), batch: 2)["text_ids"]?
        .values == [Float](repeating: 7, count: 10))
  }
}
