import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Kernels
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
      The output's extension chooses its form: .png (a strip of all frames), .webp
      (animated, lossless), .mp4 .gif .mov (with the program ffmpeg), .safetensors
      (the latent itself).

        ditharos run Specs/sora-by-hand.yaml --prompt "Sora is sky" -o sky.webp
        ditharos run Specs/sora-by-hand.yaml --video sky.webp --strength 0.5 \\
          --steps 4 --prompt "sky is sora" -o next.webp
        ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 \\
          --steps 4 --guidance 4 -o dog.png
      """)

  @Argument(help: "A spec or a compiled model; - is standard input.")
  var spec: String

  @Option(help: "The prompt; the spec's example by default.")
  var prompt: String?

  @Option(
    parsing: .unconditional,
    help: "The class, by number or by a name that the spec has; the spec's example by default.")
  var label: LabelArgument?

  @Option(help: weightsHelp)
  var weights: String?

  @OptionGroup var plan: PlanOptions

  @OptionGroup var element: PrecisionOptions

  @Option(
    parsing: .unconditional,
    help: "The seed of the noise; without one, the spec's example noise or seed 0.")
  var seed: UInt64?

  @Option(
    help: "A safetensors file with the noise, in the latent's shape; step_noise for the steps.")
  var noise: String?

  @Option(help: "A video, or a folder of pictures, to start from.")
  var video: String?

  @Option(help: "A picture to start from.")
  var image: String?

  @Option(
    parsing: .unconditional,
    help: "The share of the steps to run from there: above 0, and 1 is all of them.")
  var strength: Double?

  @OptionGroup var threading: ThreadOptions

  @Option(
    parsing: .unconditional,
    help: "How many screen pixels a pixel takes, 1 to 256; chosen for the eye by default.")
  var scale: Int?

  @Option(parsing: .unconditional, help: "Frames per second of a video, 0.1 to 240.")
  var fps = 4.0

  @Option(help: "auto (a bar on a terminal, JSON lines otherwise), bar, jsonl or none.")
  var progress = ProgressStyle.auto

  @Flag(help: "Show where the time went: by stage and by kernel.")
  var profile = false

  @Option(name: .shortAndLong, help: "The output file.")
  var output = "out.webp"

  func run() async throws {
    try await reporting(.text) {
      var problems = Problems()
      let (compiler, request, parameters) = try await prepare(&problems)
      let model = try compiler.sampling()
      Interruption.protect(output)
      let engine = try Engine(parameters: parameters, threads: threading.threads)
      let run = try SamplingRun(model, engine: engine, isTimed: profile)
      var meter = ProgressMeter(progress, total: run.stepCount)
      var setupSeconds = 0.0
      let latents = try run.latents(request) { done in
        if done > 0 { return meter.update(done) }
        setupSeconds = ProcessClock.seconds
        meter.begin(setupSeconds: setupSeconds)
      }
      let note = try await write(latents, run)
      Console.complain("\(output): \(note)")
      Console.complain(
        RunSummary(
          model, instructions: run.instructionCount, steps: run.stepCount,
          setupSeconds: setupSeconds, seconds: ProcessClock.seconds
        ).text)
      if profile {
        let precision = compiler.options.precision
        let peaks = [precision: engine.row.peakRate(precision, pool: engine.pool)]
        Console.write(RunProfile(try run.times(), seconds: ProcessClock.seconds, peaks: peaks).text)
      }
      return (problems.diagnostics, [])
    }
  }

  // MARK: Arguments

  /// Checks everything that can be checked before the model is set up.
  private func prepare(
    _ problems: inout Problems
  ) async throws -> (ModelCompiler, SamplingRequest, ParameterSource) {
    problems.add(optionProblems)
    await problems.check { try await checkOutput() }
    guard let loaded = await problems.check({ try load(spec) }) else {
      throw DiagnosticsError(problems.diagnostics)
    }
    problems.add(loaded.warnings)
    var options = plan.compileOptions()
    options.strength = strength ?? 1
    let precision = await problems.check {
      try element.resolved(weights: weightsArgument(weights, of: spec))
    }
    options.precision = precision ?? .f32
    let compiler = await problems.check { try ModelCompiler(loaded, options: options) }
    // In the size asked for, where there is one that can be had.
    let model = compiler?.spec ?? loaded.spec
    var request = SamplingRequest()
    request.conditions = ConditionRequest(prompt: prompt, label: label?.label)
    request.seed = seed
    let trajectory = await problems.check { try compiler?.trajectory() } ?? nil
    await problems.check { _ = try compiler?.guidance() }
    await problems.check {
      try loaded.located { () throws(DiagnosticsError) in
        _ = try model.conditionInputs(request.conditions, batch: 1)
      }
    }
    if let noise {
      request.noise =
        await problems.check {
          let file = try SafetensorsFile(path: noise)
          let tensor = try noiseTensor(file)
          request.stepNoise = file["step_noise"]?.tensor
          return try loaded.located { () throws(DiagnosticsError) in
            if let given = request.stepNoise, let trajectory {
              try model.check(stepNoise: given, along: trajectory, batch: 1)
            }
            return try model.denoiser?.latent.fitted(noise: tensor, batch: 1)
          }
        } ?? nil
    }
    await problems.check { try checkDrawing(of: model) }
    request.pixels = await problems.check { try await pixels(of: model) } ?? nil
    let parameters = await problems.check {
      try loaded.located { () throws(DiagnosticsError) in
        try loaded.spec.openParameters(
          weightsArgument(weights, of: spec), folder: folder(of: spec))
      }
    }
    try problems.stopIfAny()
    return (try problems.require(compiler), request, try problems.require(parameters))
  }

  private var optionProblems: [Diagnostic] {
    var found = threading.problems
    func add(_ message: String, _ help: String) {
      found.append(Diagnostic(UsageRules.option, message, help: help))
    }
    if let scale, !isDrawable { add("a scale of \(scale) cannot be drawn", "use 1 to 256") }
    if !(0.1...240).contains(fps) {
      add("\(fps) frames per second cannot be shown", "use 0.1 to 240")
    }
    if video != nil, image != nil {
      add("--video and --image cannot be given together", "leave one out")
    }
    if seed != nil, noise != nil {
      add("--seed and --noise cannot be given together", "leave one out")
    }
    return found
  }

  private var isDrawable: Bool { (1...256).contains(scale ?? 1) }

  private var isLatentOutput: Bool { output.lowercased().hasSuffix(".safetensors") }

  private func checkOutput() async throws {
    try checkWritable(path: output)
    if isLatentOutput { return }
    guard (try? OutputFormat(path: output)) != nil else {
      let known = OutputFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: " ")
      throw MediaError(
        path: output, message: "the extension tells no known format",
        help: "use \(known), or .safetensors for the latent itself")
    }
    try await Frames.checkOutput(path: output)
  }

  private func noiseTensor(_ file: SafetensorsFile) throws(DiagnosticsError) -> Tensor {
    guard let view = file["noise"] ?? (file.tensors.count == 1 ? file.tensors.first : nil) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.noise, "`\(noise ?? "")` holds no tensor named `noise`",
          help: "it holds \(listed(file.tensors.map(\.name), limit: 8, conjunction: "and"))"))
    }
    return Tensor(view.tensor.shape.dimensions, view.tensor.values)
  }

  /// The pictures to start from; nil where none are named.
  private func pixels(of model: ModelSpec) async throws -> Tensor? {
    func fail(_ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(UsageRules.option, message, help: help))
    }
    guard let path = video ?? image else {
      if strength != nil, model.example?.pixels == nil {
        throw fail("--strength needs pictures to start from", "add --video FILE or --image FILE")
      }
      return nil
    }
    guard let space = model.pixels, model.autoencoder != nil else {
      throw fail(
        "`\(model.name)` has no autoencoder to read pictures with",
        "leave --video and --image out")
    }
    let frames = try await Frames.read(path: path, first: space.frames ?? 1)
    return try space.tensor(of: frames, path: path)
  }

  /// Refuses pictures that would be too large to write.
  private func checkDrawing(of model: ModelSpec) throws {
    guard !isLatentOutput, isDrawable, let latent = model.denoiser?.latent else { return }
    let height = model.pixels?.height ?? latent.height
    let width = model.pixels?.width ?? latent.width
    let count = (model.pixels == nil ? latent.frames : model.pixels?.frames) ?? 1
    let factor = factor(height: height, width: width)
    let isStrip = (try? OutputFormat(path: output)) == .png
    try MediaLimits().check(
      path: output, count: isStrip ? 1 : count, height: height * factor,
      width: isStrip ? count * (width * factor + gap(factor)) - gap(factor) : width * factor)
  }

  /// The screen pixels of a pixel.
  private func factor(height: Int, width: Int) -> Int { scale ?? max(1, 128 / max(height, width)) }

  /// The columns between the frames of a strip.
  private func gap(_ factor: Int) -> Int { max(1, factor / 4) }

  // MARK: Results

  /// Writes the result; returns what it is.
  private func write(_ latents: Tensor, _ run: SamplingRun) async throws -> String {
    guard latents.values.allSatisfy(\.isFinite) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.notFinite, "the latent holds numbers that are not finite",
          help: "the weights may not be those of this spec; nothing was written"))
    }
    if isLatentOutput {
      try writeAtomically(
        path: output, bytes: SafetensorsWriter.encode([TensorContent("latent", latents)]))
      return "the latent, \(latents.type)"
    }
    let pictures = try run.pictures(of: latents)
    let frames = pictures.frames
    let factor = factor(height: frames.height, width: frames.width)
    try await frames.scaledUp(by: factor)
      .write(to: output, framesPerSecond: fps, stripGap: gap(factor))
    return (pictures.isPreview ? "a preview of the latent (the spec has no autoencoder), " : "")
      + "\(frames.count) frame\(frames.count == 1 ? "" : "s") of \(frames.height)x\(frames.width)"
      + (factor > 1 ? ", drawn \(factor) times as large" : "")
  }
}
