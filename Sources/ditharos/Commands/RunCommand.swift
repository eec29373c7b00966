import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Foundation
import Media
import ModelSpec
import Reports
import Tensors
import Weights

/// `ditharos run`: samples, and writes a picture or a video.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Sample a picture or a video from a prompt or a class.",
    discussion: """
      The output's extension chooses its form: .png (a strip of all frames), .webp (animated,
      lossless), .mp4 .gif .mov (with the program ffmpeg), .safetensors (the latent itself).

        ditharos run Specs/sora-by-hand.yaml --prompt "Sora is sky" -o sky.webp
        ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 --steps 4 -o dog.png
        ditharos run Specs/sora-by-hand.yaml --prompt "sky is sora" --video in.webp -o out.webp
      """)

  @Argument(help: "A spec; - is standard input.")
  var spec: String

  @Option(help: "The prompt; the spec's example by default.")
  var prompt: String?

  @Option(help: "The class, by number; the spec's example by default.")
  var label: Int?

  @Option(help: "A safetensors file, a folder, or random:SEED; the spec's values by default.")
  var weights: String?

  @OptionGroup var options: PlanOptions

  @Option(help: "The seed of the noise; without one, the spec's example noise or seed 0.")
  var seed: UInt64?

  @Option(help: "A safetensors file with the noise, in the latent's shape.")
  var noise: String?

  @Option(help: "A video, or a folder of pictures, to start from.")
  var video: String?

  @Option(help: "A picture to start from.")
  var image: String?

  @Option(help: "How far to go from the video or picture: above 0, and 1 is all the way.")
  var strength: Double?

  @Option(help: "The number of threads; by default the physical cores, or the quota.")
  var threads: Int?

  @Option(help: "How many screen pixels a pixel takes; chosen for the eye by default.")
  var scale: Int?

  @Option(help: "Frames per second of a video.")
  var fps = 4.0

  @Option(help: "auto (a bar on a terminal, JSON lines otherwise), bar, jsonl or none.")
  var progress = ProgressStyle.auto

  @Option(name: .shortAndLong, help: "The output file.")
  var output = "out.webp"

  func run() async throws {
    try await reporting(.text) {
      let clock = ContinuousClock()
      let start = clock.now
      let loaded = try load(spec)
      try checkOptions()
      if !isLatentOutput { try await Frames.checkOutput(path: output) }
      if isLatentOutput { try checkWritable(path: output) }
      Interruption.shared.protect(output)
      var compileOptions = options.compileOptions()
      compileOptions.strength = strength ?? 1
      let compiler = try ModelCompiler(loaded, options: compileOptions)
      let model = try compiler.sampling()
      let request = try await request(model)
      let parameters = try model.spec.openParameters(weights, folder: folder(of: spec))
      let engine = try Engine(parameters: parameters, threads: threads)
      let run = try SamplingRun(model, engine: engine)
      let meter = ProgressMeter(progress, total: run.stepCount)
      let latents = try run.latents(request) { meter.update($0) }
      let note = try await write(latents, run)
      let elapsed = (clock.now - start) / .seconds(1)
      let figures = try compiler.figures(of: model.graphs, stepCount: run.stepCount)
      Console.complain("\(output): \(note)")
      Console.complain(RunSummary(figures, steps: run.stepCount, seconds: elapsed).text)
      return (loaded.warnings, [])
    }
  }

  private var isLatentOutput: Bool { output.lowercased().hasSuffix(".safetensors") }

  private func checkOptions() throws(DiagnosticsError) {
    func fail(_ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(UsageRules.option, message, help: help))
    }
    if let threads, !(1...256).contains(threads) {
      throw fail("\(threads) threads cannot be used", "use 1 to 256")
    }
    if let scale, !(1...256).contains(scale) {
      throw fail("a scale of \(scale) cannot be drawn", "use 1 to 256")
    }
    if !(fps > 0 && fps <= 240) {
      throw fail("\(fps) frames per second cannot be shown", "use more than 0, up to 240")
    }
    if video != nil, image != nil {
      throw fail("--video and --image cannot be given together", "leave one out")
    }
    if strength != nil, video == nil, image == nil {
      throw fail("--strength needs pictures to start from", "add --video FILE or --image FILE")
    }
  }

  private func request(_ model: CompiledModel) async throws -> SamplingRequest {
    var request = SamplingRequest()
    request.conditions = ConditionRequest(prompt: prompt, label: label)
    request.seed = seed
    if let noise { request.noise = try noiseTensor(noise) }
    if let path = video ?? image {
      guard let space = model.spec.pixels, model.encoder != nil else {
        throw DiagnosticsError(
          Diagnostic(
            UsageRules.option, "`\(model.spec.name)` has no autoencoder to read pictures with",
            help: "leave --video and --image out"))
      }
      let frames = try await Frames.read(path: path, first: space.frames ?? 1)
      request.pixels = try space.tensor(of: frames, path: path)
    }
    return request
  }

  private func noiseTensor(_ path: String) throws(DiagnosticsError) -> Tensor {
    let file = try SafetensorsFile(path: path)
    guard let view = file["noise"] ?? (file.tensors.count == 1 ? file.tensors.first : nil) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.noise, "`\(path)` holds no tensor named `noise`",
          help: "it holds \(file.tensors.prefix(8).map(\.name).joined(separator: ", "))"))
    }
    return Tensor(view.tensor.shape.dimensions, view.tensor.values)
  }

  /// Writes the result; returns what it is.
  private func write(_ latents: Tensor, _ run: SamplingRun) async throws -> String {
    guard latents.values.allSatisfy(\.isFinite) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.notFinite, "the latent holds numbers that are not finite",
          help: "the weights may not be those of this spec; nothing was written"))
    }
    if isLatentOutput {
      try SafetensorsWriter.write([TensorContent("latent", latents)], to: output)
      return "the latent, \(latents.type)"
    }
    let spec = run.model.spec
    let frames: Frames
    var note = ""
    if let pixels = try run.pixels(of: latents, sample: 0), let space = spec.pixels {
      frames = space.frames(of: pixels)
    } else if let latent = spec.denoiser?.latent {
      frames = latent.preview(of: latents)
      note = "a preview of the latent (the spec has no autoencoder), "
    } else {
      return "nothing"
    }
    let factor = scale ?? max(1, 128 / max(frames.height, frames.width))
    try MediaLimits().check(
      path: output, count: frames.count, height: frames.height * factor,
      width: frames.width * factor)
    let gap = frames.count > 1 ? max(1, factor / 4) : 0
    try await frames.scaledUp(by: factor)
      .write(to: output, framesPerSecond: fps, stripGap: gap)
    return note
      + "\(frames.count) frame\(frames.count == 1 ? "" : "s") of \(frames.height)x\(frames.width)"
      + (factor > 1 ? ", drawn \(factor) times as large" : "")
  }
}
