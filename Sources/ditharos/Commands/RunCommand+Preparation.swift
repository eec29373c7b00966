import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Kernels
import Media
import ModelSpec
import Reports
import Schedules
import Tensors
import Weights

/// A run whose arguments were checked.
struct RunJob {
  /// The compiler of the spec in the size asked for.
  var compiler: ModelCompiler
  /// The samples.
  var series: SampleSeries
  /// The weights.
  var parameters: ParameterSource
  /// The names of the classes; nil without.
  var names: LabelNames?
  /// How samples become files.
  var drawing: SampleDrawing
  /// What is the same of all samples.
  var recipe: RunRecipe
  /// The class where none is asked for; nil without one.
  var exampleLabel: Int?
}

extension RunCommand {
  /// Checks everything that can be checked before the model is set up.
  func prepare(_ problems: inout Problems) async throws -> RunJob {
    let recipe = try like.map { (path) throws(DiagnosticsError) in try readRecipe(path) }
    let command = recipe.map(repeating) ?? self
    let job = try await command.job(like: recipe, &problems)
    if let recipe {
      let differences = job.recipe.differences(
        from: recipe, file: like ?? "", ignoresWeights: weights != nil)
      problems.add(differences)
    }
    return job
  }

  private func job(like recipe: RunRecipe?, _ problems: inout Problems) async throws -> RunJob {
    guard let spec else {
      throw DiagnosticsError(
        Diagnostic(
          UsageRules.option, "no spec is named",
          help: like == nil
            ? "name a spec, or a picture to repeat with --like FILE; see ditharos run --help"
            : "the picture was made of standard input: name its spec"))
    }
    problems.add(optionProblems)
    var drawing = self.drawing
    guard let loaded = await problems.check({ try load(spec) }) else {
      await problems.check { try await drawing.checkOutput(sampleCount: 1) }
      throw DiagnosticsError(problems.diagnostics)
    }
    problems.add(loaded.warnings)
    let source = weightsArgument(weights, of: spec)
    let names = LabelNaming(loaded.spec, folder: folder(of: spec), weights: source)
    var request = SamplingRequest()
    let asked = await problems.check {
      try loaded.located { () throws(DiagnosticsError) in try conditions(names) }
    }
    if let asked { request.conditions = asked }
    var options = compileOptions(for: request.conditions)
    options.precision =
      await problems.check { try element.resolved(weights: source) } ?? .f32
    let compiler = await problems.check { try ModelCompiler(loaded, options: options) }
    // In the size asked for, where there is one that can be had.
    let model = compiler?.spec ?? loaded.spec
    await check(compiler, batch: options.batch, &problems)
    if let asked {
      await problems.check {
        try loaded.located { () throws(DiagnosticsError) in
          _ = try model.conditionInputs(asked, batch: 1)
        }
      }
      problems.add(loaded.located(model.promptWarnings(asked)))
    }
    var given = GivenTensors()
    await problems.check { given.noise = try addNoise(to: &request) }
    await problems.check { given.start = try await addStart(to: &request, of: model) }
    if let recipe { takeRows(of: recipe, &request, &given, in: model) }
    let series = await problems.check {
      try loaded.located { () throws(DiagnosticsError) in
        let series = try SampleSeries(request, count: count, batch: options.batch, of: model)
        if let noise = series.request(for: series.batches[0]).stepNoise,
          let trajectory = try? compiler?.trajectory()
        {
          try model.check(stepNoise: noise, along: trajectory, batch: series.batch)
        }
        return series
      }
    }
    await problems.check {
      try await drawing.checkOutput(sampleCount: series?.samples.count ?? 1)
    }
    await problems.check { try drawing.checkSize(of: model) }
    let parameters = await problems.check {
      try loaded.located { () throws(DiagnosticsError) in
        try loaded.spec.openParameters(source, folder: folder(of: spec))
      }
    }
    let kernels = await problems.check { try Engine.selectedRow().name }
    try problems.stopIfAny()
    drawing.resolveScale(of: model)
    let ready = try problems.require(compiler)
    var whole = try self.recipe(of: ready, request, drawing, given)
    whole.kernels = kernels ?? ""
    whole.spec = RunRecipe.Source(path: spec, digest: expand(loaded.spec).digest)
    whole.weights.digest = parameters?.fingerprint
    return RunJob(
      compiler: ready, series: try problems.require(series),
      parameters: try problems.require(parameters),
      names: request.conditions.labels.isEmpty ? nil : names.found, drawing: drawing,
      recipe: whole,
      exampleLabel: model.denoiser?.conditioning.label == nil ? nil : model.example?.label)
  }

  /// What the run is asked for, names of classes looked up.
  private func conditions(_ names: LabelNaming) throws(DiagnosticsError) -> ConditionRequest {
    let negative = try names.labels(of: [negativeLabel].compactMap(\.self))
    return ConditionRequest(
      prompt: prompt, labels: try names.labels(of: label), negativeLabel: negative.first)
  }

  /// The options of the compilation, without the precision.
  private func compileOptions(for conditions: ConditionRequest) -> CompileOptions {
    // A batch is no larger than what is made.
    let total = min(max(1, count), SampleSeries.limit) * max(1, conditions.labels.count)
    var options = plan.compileOptions(batch: min(batch, total))
    options.skipping = cache.skipping
    options.strength = strength ?? 1
    options.negativeLabel = conditions.negativeLabel
    options.startsFromLatent = (video ?? image).map(isLatent) ?? false
    return options
  }

  /// Checks what the sampler, the guidance and the cache are asked for.
  private func check(
    _ compiler: ModelCompiler?, batch: Int, _ problems: inout Problems
  ) async {
    await problems.check { _ = try compiler?.trajectory() }
    await problems.check { _ = try compiler?.guidance() }
    let threshold = await problems.check { try compiler?.skippingThreshold() } ?? nil
    if (threshold ?? 0) > 0, batch > 1 {
      problems.add([
        Diagnostic(
          CompileRules.cache, "samples made together would share what the cache decides",
          help: "leave --batch out, so that each sample is the one made alone")
      ])
    }
    if cacheCompare, threshold == nil, compiler != nil {
      problems.add([
        Diagnostic(
          UsageRules.option, "--cache-compare has no cache to compare",
          help: "add --cache-threshold 0.1")
      ])
    }
  }

  /// The rows of a repeated sample in files that have one for each of several.
  private func takeRows(
    of recipe: RunRecipe, _ request: inout SamplingRequest, _ given: inout GivenTensors,
    in model: ModelSpec
  ) {
    guard let latent = model.denoiser?.latent else { return }
    var noiseRow: Int?
    if case .file(let file) = recipe.noise, file.path == noise,
      case .file(var own)? = given.noise
    {
      noiseRow = file.row
      own.row = noiseRow
      given.noise = .file(own)
    }
    let isSameStart = recipe.start?.path == given.start?.path
    if isSameStart { given.start?.row = recipe.start?.row }
    request.take(
      noiseRow: noiseRow, latentRow: isSameStart ? recipe.start?.row : nil, in: latent)
  }

  /// What is the same of all samples, without the checksums of spec and weights.
  private func recipe(
    of compiler: ModelCompiler, _ request: SamplingRequest, _ drawing: SampleDrawing,
    _ given: GivenTensors
  ) throws(DiagnosticsError) -> RunRecipe {
    let model = compiler.spec
    let frames = model.pixels == nil ? model.denoiser?.latent.frames : model.pixels?.frames
    let readsPrompt = model.denoiser?.conditioning.prompt != nil
    return RunRecipe(
      version: Ditharos.configuration.version, kernels: "",
      precision: compiler.options.precision, model: model.name, spec: RunRecipe.Source(),
      weights: RunRecipe.Source(path: weights),
      prompt: readsPrompt ? prompt ?? model.example?.prompt : nil,
      negativeLabel: request.conditions.negativeLabel, seed: request.seed ?? 0,
      noise: given.noise ?? .seed, start: given.start, strength: compiler.options.strength,
      sampler: model.diffusion?.sampler.name ?? "", isSamplerChosen: plan.sampler != nil,
      steps: compiler.options.steps ?? model.diffusion?.steps ?? 1,
      guidance: try compiler.guidance(), cacheThreshold: try compiler.skippingThreshold(),
      height: model.pixels?.height ?? model.denoiser?.latent.height ?? 1,
      width: model.pixels?.width ?? model.denoiser?.latent.width ?? 1, frames: frames,
      scale: drawing.scale ?? 1,
      framesPerSecond: frames == nil ? nil : drawing.framesPerSecond)
  }

  /// How samples become files.
  private var drawing: SampleDrawing {
    SampleDrawing(
      output: output ?? like.map(SampleDrawing.pathAgain) ?? "out.webp", scale: scale,
      framesPerSecond: fps ?? 4, hasPreview: previewEvery != nil)
  }

  private var optionProblems: [Diagnostic] {
    var found = threading.problems
    func add(_ message: String, _ help: String) {
      found.append(Diagnostic(UsageRules.option, message, help: help))
    }
    if let scale, !drawing.isDrawable {
      add("a scale of \(scale) cannot be drawn", "use 1 to 256")
    }
    if let fps, !(0.1...240).contains(fps) {
      add("\(fps) frames per second cannot be shown", "use 0.1 to 240")
    }
    if let previewEvery, previewEvery < 1 {
      add("a preview cannot be written every \(previewEvery) steps", "use 1 or more")
    }
    if video != nil, image != nil {
      add("--video and --image cannot be given together", "leave one out")
    }
    if seed != nil, noise != nil, like == nil {
      add("--seed and --noise cannot be given together", "leave one out")
    }
    return found
  }

  private func isLatent(_ path: String) -> Bool { path.lowercased().hasSuffix(".safetensors") }

  /// The tensor of a name, or the only one of a file; finite.
  private func tensor(
    _ name: String, of file: SafetensorsFile, path: String, _ rule: Rule
  ) throws(DiagnosticsError) -> Tensor {
    guard let view = file[name] ?? (file.tensors.count == 1 ? file.tensors.first : nil) else {
      throw DiagnosticsError(
        Diagnostic(
          rule, "`\(path)` holds no tensor named `\(name)`",
          help: "it holds \(listed(file.tensors.map(\.name), limit: 8, conjunction: "and"))"))
    }
    let tensor = Tensor(view.tensor.shape.dimensions, view.tensor.values)
    guard tensor.values.allSatisfy(\.isFinite) else {
      throw DiagnosticsError(
        Diagnostic(
          rule, "`\(path)` holds numbers that are not finite",
          help: "give a tensor whose numbers are all finite"))
    }
    return tensor
  }

  /// Reads the noise that is given.
  ///
  /// - Returns: Where it comes from; nil where the seed makes it.
  private func addNoise(
    to request: inout SamplingRequest
  ) throws(DiagnosticsError) -> RunRecipe.Noise? {
    request.seed = seed
    guard let noise else { return nil }
    let file = try SafetensorsFile(path: noise)
    let tensor = try tensor("noise", of: file, path: noise, DiffusionRules.noise)
    request.noise = tensor
    request.stepNoise = file["step_noise"]?.tensor
    return .file(RunRecipe.Source(path: noise, digest: tensor.digest))
  }

  /// Reads what the run is to start from: pictures, or a latent.
  ///
  /// - Returns: What that is; nil for noise alone.
  private func addStart(
    to request: inout SamplingRequest, of model: ModelSpec
  ) async throws -> RunRecipe.Source? {
    func fail(_ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(UsageRules.option, message, help: help))
    }
    guard let path = video ?? image else {
      if strength != nil, model.example?.pixels == nil {
        throw fail("--strength needs pictures to start from", "add --video FILE or --image FILE")
      }
      return nil
    }
    if isLatent(path) {
      let latent = try tensor(
        "latent", of: SafetensorsFile(path: path), path: path, DiffusionRules.pixels)
      request.latent = latent
      return RunRecipe.Source(path: path, digest: latent.digest)
    }
    guard let space = model.pixels, model.autoencoder != nil else {
      throw fail(
        "`\(model.name)` has no autoencoder to read pictures with",
        "give a latent, as `run -o latent.safetensors` writes it, or add an `autoencoder` to the "
          + "spec")
    }
    let frames = try await Frames.read(path: path, first: space.frames ?? 1)
    let pixels = try space.tensor(of: frames, path: path)
    request.pixels = pixels
    return RunRecipe.Source(path: path, digest: pixels.digest)
  }
}

/// Where the tensors of a run come from, as far as they are given.
private struct GivenTensors {
  /// The noise; nil where the seed makes it.
  var noise: RunRecipe.Noise?
  /// What the run starts from; nil for noise alone.
  var start: RunRecipe.Source?
}
