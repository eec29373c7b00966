import Compiler
import Diagnostics
import Diffusion
import Kernels
import ModelSpec
import Tensors
import Weights

/// What a person chooses about a training.
package struct TrainingSettings: Sendable {
  /// What learns; nil takes that of the checkpoint, else the autoencoder where it may learn and has
  /// no weights yet, else the denoiser.
  package var stage: TrainingStage?
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
  /// What matrices are multiplied in; nil takes that of the checkpoint, or `f32`.
  package var precision: Precision?
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

  let loaded: LoadedSpec
  let source: ParameterSource
  let settings: TrainingSettings
  let pool: ThreadPool
  let log: MetricsLog
  lazy var sheet = Result { () throws(DiagnosticsError) in
    try TrainingSheet(loaded, data)
  }

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
    let stage =
      settings.stage ?? before?.stage
      ?? loaded.spec.nextStage(weights: settings.weights, folder: settings.specFolder)
    try loaded.spec.check(stage)
    var steps = settings.steps
    if steps == nil, let before {
      let stored = "\(folder.checkpoint(before.step))/\(CheckpointFile.spec)"
      steps = (try? loadSpec(file: stored))?.spec.training?.steps
    }
    if let steps {
      try loaded.spec.checkWarmup(endsBefore: steps)
      loaded.spec.training?.steps = steps
    }
    self.loaded = loaded
    let spec = loaded.spec
    let names = try LabelNames.of(
      spec, folder: settings.specFolder, weights: settings.weights)
    let scanned = try DataFolder(
      settings.data, for: spec, names: names, needsConditions: stage == .denoiser)
    source = try spec.trainingParameters(
      settings.weights, folder: settings.specFolder, stage: stage)
    if stage == .denoiser { try spec.checkAutoencoderWeights(source) }
    pool = try Engine.threadPool(threadCount: settings.threads)
    // Before data are read: what cannot be compiled is then told at once.
    let compiler = try ModelCompiler(loaded)
    _ = try compiler.training(stage)
    try folder.make()
    let specText = expand(spec.asTrained(stage, names: names))
    // Before a checkpoint is there it tells that a training may be resumed.
    if folder.checkpoints.isEmpty { try writeText(specText, to: folder.file(CheckpointFile.spec)) }
    let seed = settings.seed ?? before?.seed ?? 0
    if stage == .autoencoder, let space = spec.pixels {
      data = try await .pictures(of: scanned, in: space, progress: progress)
    } else {
      data = try await .latents(
        of: scanned, compiler: compiler, engine: Engine(parameters: source, pool: pool),
        source: source, cachePath: folder.file("latents.safetensors"), progress: progress)
    }
    var options = CompileOptions()
    options.precision = settings.precision ?? before?.precision ?? .f32
    switch data.samples {
    case .latents(let samples):
      trainer = try Trainer(
        loaded, samples: samples, source: source, seed: seed, pool: pool, options: options)
    case .pictures(let samples):
      trainer = try Trainer(
        loaded, pictures: samples, source: source, seed: seed, pool: pool, options: options)
    }
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
}

extension LoadedSpec {
  /// Refuses a training that needs more memory than the spec allows.
  fileprivate func checkMemory(
    of trainer: Trainer, _ samples: TrainingData.Samples
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
