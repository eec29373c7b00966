import Compiler
import Diagnostics
import Diffusion
import Glibc
import Kernels
import Media
import ModelSpec
import Tensors
import Weights

/// What a person chooses about a training.
package struct TrainingSettings: Sendable {
  /// The folder of the spec.
  package var specFolder = "."
  /// The data folder.
  package var data: String
  /// The folder that the training writes to.
  package var output: String
  /// The steps of the whole training; nil takes those of the checkpoint, or of the spec.
  package var steps: Int?
  /// The seed; nil takes that of the checkpoint, or 0.
  package var seed: UInt64?
  /// The number of threads; nil takes the processor's physical cores.
  package var threads: Int?
  /// Whether to continue the training that the folder holds.
  package var isResuming = false
  /// A file, a folder or `random:SEED` to start from; nil for a new model.
  package var weights: String?
  /// The steps between two checkpoints; nil takes as many as ten minutes hold.
  package var checkpointEvery: Int?
  /// The steps between two sheets of samples; nil takes a tenth of all, 0 makes none.
  package var sampleEvery: Int?

  /// Settings with everything else by default.
  package init(data: String, output: String) {
    self.data = data
    self.output = output
  }
}

/// A training with its data and its folder.
package final class TrainingSession {
  /// What trains.
  package let trainer: Trainer
  /// The data.
  package let data: TrainingData
  /// The folder that is written to.
  package let folder: RunFolder
  /// The checkpoint that the training continues from; nil for a new one.
  package private(set) var resumedFrom: String?
  /// Checkpoints that could not be read.
  package private(set) var damaged: [String] = []
  /// The steps of the whole training.
  package var stepCount: Int { trainer.training.steps }

  let source: ParameterSource
  let settings: TrainingSettings
  let pool: ThreadPool
  let log: MetricsLog
  private let loaded: LoadedSpec
  private var sheet: SampleSheet?

  /// Prepares a training: data, model, and what was trained before.
  ///
  /// - Parameter progress: Called with the samples read and their number.
  /// - Throws: Rules `training.*` and `budget.peak-memory`, and what compiling the model and reading
  ///   weights throws.
  package init(
    _ loaded: LoadedSpec, _ settings: TrainingSettings,
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) async throws {
    self.settings = settings
    var loaded = loaded
    folder = try RunFolder(settings.output, isResuming: settings.isResuming)
    let before = folder.checkpoints.lazy
      .compactMap { [folder] in try? CheckpointProgress(folder.checkpoint($0)) }.first
    var steps = settings.steps
    if steps == nil, let before {
      let stored = "\(folder.checkpoint(before.step))/\(CheckpointFile.spec)"
      steps = (try? loadSpec(file: stored))?.spec.training?.steps
    }
    if let steps { loaded.spec.training?.steps = steps }
    let names = try LabelNames.of(
      loaded.spec, folder: settings.specFolder, weights: settings.weights)
    var options = CompileOptions()
    options.batch = loaded.spec.training?.batch ?? 1
    self.loaded = loaded
    let compiler = try ModelCompiler(loaded, options: options)
    let scanned = try DataFolder(settings.data, for: loaded.spec, names: names)
    source = try loaded.spec.trainingParameters(settings.weights, folder: settings.specFolder)
    try loaded.spec.checkAutoencoderWeights(source)
    pool = try Engine.threadPool(threadCount: settings.threads)
    try folder.make()
    let specText = expand(loaded.spec.asTrained(names: names))
    // Before a checkpoint is there it tells that a training may be resumed.
    if folder.checkpoints.isEmpty { try writeText(specText, to: folder.file(CheckpointFile.spec)) }
    data = try await .latents(
      of: scanned, compiler: compiler, engine: Engine(parameters: source, pool: pool),
      source: source, cachePath: folder.file("latents.safetensors"), progress: progress)
    trainer = try Trainer(
      loaded, samples: data.samples, source: source,
      seed: settings.seed ?? before?.seed ?? 0, pool: pool)
    try loaded.checkMemory(of: trainer, data.samples)
    for step in folder.checkpoints {
      let path = folder.checkpoint(step)
      do throws(DiagnosticsError) {
        try trainer.readCheckpoint(path)
        resumedFrom = path
        break
      } catch {
        // Another training's is refused; one that is damaged leaves those before it.
        if error.diagnostics.contains(where: { $0.rule == TrainingRules.checkpoint }) {
          throw error
        }
        damaged.append(path)
      }
    }
    if resumedFrom == nil, let path = damaged.first {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.checkpoint, "`\(path)` and those before it cannot be read",
          help: "start anew with another --out"))
    }
    log = try MetricsLog(folder.file("metrics.jsonl"), keepingTo: trainer.step)
    folder.removeLeftovers()
    folder.setAside(damaged)
    try writeText(specText, to: folder.file(CheckpointFile.spec))
  }

  /// The steps between two sheets of samples; nil for none.
  var sampleInterval: Int? {
    let steps = settings.sampleEvery ?? max(1, stepCount / 10)
    return steps == 0 ? nil : steps
  }

  /// The weights as they are now, averaged where the training keeps an average.
  func currentParameters() throws(DiagnosticsError) -> [(name: String, value: Tensor)] {
    trainer.spec.parameterDeclarations.compactMap { declaration in
      let trained = trainer.average(declaration.name) ?? trainer.parameter(declaration.name)
      if let trained { return (declaration.name, trained) }
      guard source.contains(declaration.name) else { return nil }
      return (
        declaration.name,
        source.withValues(of: declaration.name) { Tensor(declaration.dimensions, Array($0)) }
      )
    }
  }

  /// Writes samples of the weights as they are now.
  ///
  /// - Returns: The path of the sheet.
  func writeSamples() async throws -> String {
    try folder.makeFolder("samples")
    let sheet = try self.sheet ?? SampleSheet(loaded, data.folder.items)
    self.sheet = sheet
    let parameters = try currentParameters()
    let frames = try sheet.frames(
      try ParameterSource.open(
        parameters.map { WantedParameter(name: $0.name, dimensions: $0.value.shape.dimensions) },
        inline: parameters, weights: nil), pool: pool)
    let lines = sheet.captions.enumerated().map { "\($0 + 1). \($1)\n" }
    try writeText(lines.joined(), to: folder.file("samples/captions.txt"))
    let digits = String(trainer.step)
    let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    let path = folder.file("samples/\(name).\(frames.count > 1 ? "webp" : "png")")
    try await frames.write(to: path)
    return path
  }

  /// Writes the weights as they are now for `run`.
  func writeWeights() throws {
    let parameters = try currentParameters()
    try writeAtomically(
      path: folder.file(CheckpointFile.weights),
      bytes: SafetensorsWriter.encode(parameters.map { TensorContent($0.name, $0.value) }))
  }

  /// Writes the loss curve.
  func writeCurve() throws {
    try writeText(
      LossCurve(log.entries).svg(title: trainer.spec.name), to: folder.file("loss.svg"))
  }
}

/// Writes a text whole or not at all.
func writeText(_ text: String, to path: String) throws(DiagnosticsError) {
  do {
    try writeAtomically(path: path, bytes: Array(text.utf8))
  } catch {
    throw DiagnosticsError(Diagnostic(TrainingRules.writing, "\(error)", help: error.help))
  }
}

extension ModelSpec {
  /// The spec of what a training leaves, beside its weights.
  fileprivate func asTrained(names: LabelNames?) -> ModelSpec {
    var spec = self
    let learned = Set(parameterDeclarations.filter(\.isLearnable).map(\.name))
    spec.parameters.removeAll { learned.contains($0.name) }
    spec.weights = WeightsReference(layout: "ditharos", file: CheckpointFile.weights)
    if let names, spec.denoiser?.conditioning.label?.namesFile != nil {
      spec.denoiser?.conditioning.label?.namesFile = nil
      spec.denoiser?.conditioning.label?.names = names.names.enumerated()
        .filter { !$0.element.isEmpty }
        .map { LabelCondition.ClassName(number: $0.offset, text: $0.element) }
    }
    return spec
  }

  /// Refuses an autoencoder without weights.
  fileprivate func checkAutoencoderWeights(
    _ source: ParameterSource
  ) throws(DiagnosticsError) {
    let missing = parameterDeclarations.filter {
      $0.isOfAutoencoder && !source.contains($0.name)
    }
    guard let first = missing.first else { return }
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.missing,
        "the autoencoder of `\(name)` has no weights: \(missing.count) parameters are without "
          + "values, `\(first.name)` the first",
        help: "train it first with --stage autoencoder, then name its weights with --weights"))
  }
}

extension LoadedSpec {
  /// Refuses a training that needs more memory than the spec allows.
  fileprivate func checkMemory(
    of trainer: Trainer, _ samples: LatentSamples
  ) throws(DiagnosticsError) {
    let needed = trainer.byteCount + samples.byteCount
    guard let limit = spec.limits?.peakMemory, needed > limit else { return }
    throw DiagnosticsError(
      Diagnostic(
        BudgetRules.peakMemory,
        "a training needs \(grouped(needed)) bytes of memory, more than the limit of "
          + "\(grouped(limit))",
        help: "model and step: \(grouped(trainer.byteCount)), samples: "
          + "\(grouped(samples.byteCount)); raise the limit, or make `batch` smaller",
        at: locations.range(of: "limits.peak_memory"), path: "limits.peak_memory"))
  }
}

extension TrainingSession {
  /// What is about to be trained, a line for each thing that a person should know.
  package var introduction: [String] {
    let spec = trainer.spec
    let names = Set(trainer.parameterNames)
    let learned = spec.parameterDeclarations.filter { names.contains($0.name) }
    let count = learned.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
    var lines = [
      "\(settings.data): \(grouped(trainer.sampleCount)) samples"
        + (data.isCached ? ", encoded before" : "")
        + (data.folder.skippedText.map { "; \($0)" } ?? "")
    ]
    if let advice = data.scalingAdvice(for: spec) { lines.append(advice) }
    lines.append(
      "\(spec.name): \(grouped(count)) parameters learn in \(grouped(stepCount)) steps of "
        + "\(trainer.training.batch * trainer.training.accumulate) samples; "
        + "\(((trainer.byteCount + data.samples.byteCount) >> 20) + 1) MiB")
    for path in damaged { lines.append("\(path): cannot be read, left out") }
    if let resumedFrom { lines.append("continues from \(resumedFrom)") }
    return lines
  }
}
