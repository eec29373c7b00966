import Compiler
import Diagnostics
import Diffusion
import Foundation
import ModelSpec
import Tensors
import Testing
import Transforms
import Weights

/// Whole autoencoders against diffusers' `AutoencoderKL` and `AutoencoderTiny`, made by
/// `Benchmarks/fixtures`.
@Suite struct AutoencoderParityTests {
  static let kl = """
    ditharos: 1
    name: kl
    image: {height: 12, width: 20}
    autoencoder:
      kind: kl
      latent_channels: 3
      level_channels: [4, 6, 8]
      blocks_per_level: 1
      norm_groups: 2
    weights: {layout: diffusers}
    """

  static let plain = """
    ditharos: 1
    name: plain
    image: {height: 14, width: 18, channels: 1}
    autoencoder:
      kind: kl
      latent_channels: 5
      level_channels: [6, 3]
      middle_attention: false
      quant_convolution: false
      post_quant_convolution: false
      norm_groups: 3
    weights: {layout: diffusers}
    """

  static let tiny = """
    ditharos: 1
    name: tiny
    image: {height: 12, width: 20}
    autoencoder:
      kind: tiny
      latent_channels: 3
      channels: 6
      encoder_blocks: [1, 2, 1]
      decoder_blocks: [2, 1, 1]
    weights: {layout: diffusers}
    """

  struct Case: Sendable, CustomTestStringConvertible {
    var folder: String
    var spec: String
    var weights = "diffusion_pytorch_model"
    var testDescription: String { "\(folder)/\(weights)" }
  }

  static let cases = [
    Case(folder: "autoencoder-kl", spec: kl),
    Case(folder: "autoencoder-kl", spec: kl, weights: "old-names"),
    Case(folder: "autoencoder-kl-plain", spec: plain),
    Case(folder: "autoencoder-tiny", spec: tiny),
  ]

  private func tensors(_ path: String) throws -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: try SafetensorsFile(path: path).tensors.map { ($0.name, $0.tensor) })
  }

  private func error(_ value: Tensor, _ expected: Tensor) -> Float {
    let worst = zip(value.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    return worst / (expected.values.map(abs).max() ?? 1)
  }

  private func result(
    of entry: String, _ inputs: [String: Tensor], spec: String, weights: String,
    options: CompileOptions = CompileOptions()
  ) throws -> Tensor {
    let loaded = try loadSpec(text: spec, file: "spec.yaml", folder: ".")
    return try Evaluation(loaded, options: options).run(entry: entry, inputs: inputs) {
      spec throws(DiagnosticsError) in
      try Engine(parameters: try spec.openParameters(weights, folder: "."), threads: 2)
    }.value
  }

  @Test(arguments: cases, [false, true])
  func `both entries are the reference's to 1e-5, unfused and fused`(
    _ item: Case, isFused: Bool
  ) throws {
    let folder = DiffusersParityTests.fixtures.appendingPathComponent(item.folder).path
    var options = CompileOptions()
    options.passes = isFused ? PassPipeline.all : PassPipeline.none
    options.isVerifying = true
    for (entry, output) in [("encode", "latent"), ("decode", "image")] {
      let value = try result(
        of: entry, try tensors(folder + "/inputs.safetensors"), spec: item.spec,
        weights: "\(folder)/\(item.weights).safetensors", options: options)
      let expected = try #require(try tensors(folder + "/expected.safetensors")[output])
      #expect(value.shape == expected.shape)
      #expect(error(value, expected) <= 1e-5, "\(entry)")
    }
  }

  @Test func `a video is decoded frame by frame`() throws {
    let folder = DiffusersParityTests.fixtures.appendingPathComponent("autoencoder-kl").path
    let weights = folder + "/diffusion_pytorch_model.safetensors"
    let inputs = try tensors(folder + "/inputs.safetensors")
    let latent = try #require(inputs["latent"])
    let frameSize = latent.values.count / 2
    // [2, 3, 3, 5] as one sample of two frames: [1, 3, 2, 3, 5].
    let plane = 15
    let frames = (0..<3).flatMap { channel in
      (0..<2).flatMap { frame in
        latent.values[(frame * frameSize + channel * plane)...].prefix(plane)
      }
    }
    let video = Self.kl.replacing(
      "image: {height: 12, width: 20}", with: "video: {frames: 2, height: 12, width: 20}")
    let value = try result(
      of: "decode", ["latent": Tensor([1, 3, 2, 3, 5], frames)], spec: video, weights: weights)
    #expect(value.shape.dimensions == [1, 3, 2, 12, 20])
    let pictures = try result(of: "decode", inputs, spec: Self.kl, weights: weights)
    let area = 240
    for channel in 0..<3 {
      for frame in 0..<2 {
        let a = value.values[((channel * 2 + frame) * area)...].prefix(area)
        let b = pictures.values[((frame * 3 + channel) * area)...].prefix(area)
        #expect(Array(a) == Array(b))
      }
    }
  }

  @Test func `the variant of a pipeline's component is found`() throws {
    let fixture = DiffusersParityTests.fixtures.appendingPathComponent("autoencoder-kl").path
    let pipeline = NSTemporaryDirectory() + "/pipeline-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: pipeline) }
    try FileManager.default.createDirectory(
      atPath: pipeline + "/vae", withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: fixture + "/old-names.safetensors",
      toPath: pipeline + "/vae/diffusion_pytorch_model.fp16.safetensors")
    try Data("{}".utf8).write(to: URL(fileURLWithPath: pipeline + "/model_index.json"))
    let inputs = try tensors(fixture + "/inputs.safetensors")
    let value = try result(of: "decode", inputs, spec: Self.kl, weights: pipeline)
    let expected = try #require(try tensors(fixture + "/expected.safetensors")["image"])
    #expect(error(value, expected) <= 1e-5)
  }

  @Test func `weights of another autoencoder are one problem that names the differences`() {
    let fixture = DiffusersParityTests.fixtures.appendingPathComponent("autoencoder-tiny").path
    do {
      _ = try result(
        of: "decode", ["latent": Tensor([1, 3, 3, 5], [Float](repeating: 0, count: 45))],
        spec: Self.kl, weights: fixture + "/diffusion_pytorch_model.safetensors")
      Issue.record("the weights do not fit")
    } catch let error as DiagnosticsError {
      #expect(error.diagnostics.map(\.rule.id) == ["weights.fit"])
      #expect(error.diagnostics[0].help?.contains("an AutoencoderTiny") == true)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `tiles cover what they are made of and their weights sum up to 1`() {
    for (extent, size, overlap) in [(5, 8, 2), (8, 8, 2), (9, 8, 4), (40, 8, 1), (33, 8, 4)] {
      let starts = tileStarts(of: extent, size: size, overlap: overlap)
      #expect(starts.first == 0)
      #expect(starts.last == max(0, extent - size))
      for (a, b) in zip(starts, starts.dropFirst()) { #expect(b > a && b - a <= size - overlap) }
      let part = min(size, extent)
      for scale in [1, 3] {
        var totals = [Float](repeating: 0, count: extent * scale)
        for (start, weights) in zip(starts, tileWeights(starts, size: part, scale: scale)) {
          #expect(weights.allSatisfy { $0 > 0 })
          for (place, weight) in weights.enumerated() { totals[start * scale + place] += weight }
        }
        #expect(totals.allSatisfy { abs($0 - 1) < 1e-6 })
      }
    }
  }

  @Test(arguments: ["encode", "decode"])
  func `without norms, tiles with enough overlap agree with the whole picture inside`(
    entry: String
  ) throws {
    let folder = DiffusersParityTests.fixtures.appendingPathComponent("autoencoder-tiny").path
    let weights = folder + "/diffusion_pytorch_model.safetensors"
    let spec = Self.tiny.replacing("height: 12, width: 20", with: "height: 64, width: 96")
    let tiled = spec.replacing(
      "  kind: tiny", with: "  kind: tiny\n  tiling: {size: 48, overlap: 24}")
    var generator = SystemRandomNumberGenerator()
    func normal(_ dimensions: [Int]) -> Tensor {
      Tensor(
        dimensions,
        (0..<dimensions.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) })
    }
    let inputs = ["image": normal([1, 3, 64, 96]), "latent": normal([1, 3, 16, 24])]
    let whole = try result(of: entry, inputs, spec: spec, weights: weights)
    let pieces = try result(of: entry, inputs, spec: tiled, weights: weights)
    #expect(whole.shape == pieces.shape)
    // Margins of tiles see zeros where the picture goes on; blended, they weigh little.
    #expect(error(pieces, whole) < 0.2)
    #expect(pieces.values != whole.values)
    let plan = try ModelCompiler(loadSpec(text: tiled, file: "spec.yaml", folder: "."))
    let stages = try plan.figures().stages
    #expect(stages.map(\.pieces) == [6, 6])
    let wholePlan = try ModelCompiler(loadSpec(text: spec, file: "spec.yaml", folder: "."))
    #expect(stages[1].arenaBytes < (try wholePlan.figures().stages[1].arenaBytes))
  }

  @Test func `tiles with norms and attention of their own leave no seam`() throws {
    let (columns, width) = (29, 116)
    let spec = Self.kl.replacing("height: 12, width: 20", with: "height: 16, width: \(width)")
      .replacing("weights: {layout: diffusers}", with: "")
    let latent = Tensor(
      [1, 3, 4, columns], (0..<(3 * 4 * columns)).map { sin(Float($0) * 0.37) })
    /// By column, how far a picture goes from one column to the next, over all rows and channels.
    func steps(_ values: [Float]) -> [Float] {
      (1..<width).map { column in
        stride(from: 0, to: values.count, by: width).reduce(0) {
          $0 + abs(values[$1 + column] - values[$1 + column - 1])
        }
      }
    }
    let whole = try result(
      of: "decode", ["latent": latent], spec: spec, weights: "random:3")
    let usual = steps(whole.values).reduce(0, +) / Float(width - 1)
    /// The furthest step that is not the whole picture's, by what is usual in it.
    func seam(overlap: Int) throws -> Float {
      let tiled = spec.replacing(
        "  kind: kl", with: "  kind: kl\n  tiling: {size: 60, overlap: \(overlap)}")
      let pieces = try result(of: "decode", ["latent": latent], spec: tiled, weights: "random:3")
      #expect(pieces.shape == whole.shape)
      return steps(zip(pieces.values, whole.values).map(-)).reduce(0, max) / usual
    }
    // Two tiles with one column of the latent in common show what a seam measures.
    #expect(tileStarts(of: columns, size: 15, overlap: 1) == [0, 14])
    // A step that is added is no edge where the picture's own are three times as far.
    #expect(try seam(overlap: 4) > 1)
    #expect(try seam(overlap: 28) < 1.0 / 3)
  }

  @Test func `a run decodes what the denoiser sees`() throws {
    let text = """
      ditharos: 1
      name: whole
      image: {height: 8, width: 12}
      autoencoder:
        kind: kl
        latent_channels: 3
        level_channels: [4, 8]
        blocks_per_level: 1
        norm_groups: 2
        scaling_factor: 0.5
        shift_factor: 0.25
      patch_size: 2
      latent_dim: 12
      depth: 1
      heads: 2
      conditioning: {label: {classes: 4, dropout: 0.1}, modulation: adaln_zero}
      diffusion: {steps: 3}
      """
    let loaded = try loadSpec(text: text, file: "spec.yaml", folder: ".")
    let engine = try Engine(
      parameters: try loaded.spec.openParameters("random:3", folder: "."), threads: 2)
    let run = try SamplingRun(ModelCompiler(loaded).sampling(), engine: engine)
    var request = SamplingRequest()
    request.conditions = ConditionRequest(label: 1)
    let latents = try run.latents(request)
    #expect(latents.shape.dimensions == [1, 3, 4, 6])
    let pixels = try #require(try run.pixels(of: latents, sample: 0))
    #expect(pixels.shape.dimensions == [1, 3, 8, 12])
    let unscaled = Tensor(latents.shape.dimensions, latents.values.map { $0 / 0.5 + 0.25 })
    let image = try result(of: "decode", ["latent": unscaled], spec: text, weights: "random:3")
    #expect(error(pixels, image) < 1e-5)
    #expect(!(try run.pictures(of: latents).isPreview))
  }
}
