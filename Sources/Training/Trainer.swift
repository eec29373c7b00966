import Compiler
import Diagnostics
import Diffusion
import Kernels
import Lowering
import ModelSpec
import Runtime
import Schedules
import Tensors
import Transforms
import Weights

/// What a step of a training did.
package struct TrainingProgress: Sendable, Hashable {
  /// The steps taken, this one included.
  package var step: Int
  /// The mean loss of the step's batches, before it.
  package var loss: Double
  /// The norm of the gradients together, before they were clipped.
  package var gradientNorm: Double
  /// The learning rate.
  package var learningRate: Double
}

/// Trains the denoiser or the autoencoder of a model.
///
/// The result depends on the spec, the samples, the starting values, the seed and the precision
/// alone: neither the number of threads nor an interruption changes a bit of it.
package final class Trainer {
  /// What learns.
  package let stage: TrainingStage
  /// The spec.
  package let spec: ModelSpec
  /// How it learns.
  package let training: TrainingSpec
  /// The seed of starting values, noise, timesteps and the order of samples.
  package let seed: UInt64
  /// What matrices are multiplied in; what is kept from step to step is `f32`.
  package let precision: Precision
  /// The number of samples.
  package var sampleCount: Int { batches.sampleCount }
  /// The steps taken.
  package internal(set) var step = 0
  /// The checksum of the samples.
  private(set) lazy var samplesChecksum = batches.checksum

  let programs: TrainingPrograms
  private let batches: TrainingBatches
  private let pool: ThreadPool

  /// A trainer of the denoiser of a loaded spec.
  ///
  /// - Parameters:
  ///   - source: The values of parameters that training leaves as they are, and of those that it
  ///     starts from; the others start as a new model's.
  ///   - options: Passes and precision; the batch is the spec's.
  /// - Throws: Rules `compiler.*`, `run.memory`, and what reading weights throws.
  package convenience init(
    _ loaded: LoadedSpec, samples: LatentSamples, source: ParameterSource, seed: UInt64,
    pool: ThreadPool, options: CompileOptions = CompileOptions()
  ) throws(DiagnosticsError) {
    try self.init(loaded, .denoiser, samples.byteCount, source, seed, pool, options) {
      (compiler, training) throws(DiagnosticsError) in
      .denoiser(
        DenoiserBatches(samples, compiler.spec, training, try compiler.trajectory(), seed: seed))
    }
  }

  /// A trainer of the autoencoder of a loaded spec; see that of the denoiser.
  ///
  /// - Parameter pictures: Samples in the space of the spec's pictures.
  package convenience init(
    _ loaded: LoadedSpec, pictures: PictureSamples, source: ParameterSource, seed: UInt64,
    pool: ThreadPool, options: CompileOptions = CompileOptions()
  ) throws(DiagnosticsError) {
    try self.init(loaded, .autoencoder, pictures.byteCount, source, seed, pool, options) {
      _, training in
      .pictures(PictureBatches(pictures, count: training.batch, seed: seed))
    }
  }

  private init(
    _ loaded: LoadedSpec, _ stage: TrainingStage, _ sampleByteCount: Int,
    _ source: ParameterSource, _ seed: UInt64, _ pool: ThreadPool, _ options: CompileOptions,
    batches: (ModelCompiler, TrainingSpec) throws(DiagnosticsError) -> TrainingBatches
  ) throws(DiagnosticsError) {
    var options = options
    options.batch = loaded.spec.training?.batch ?? 1
    let compiler = try ModelCompiler(loaded, options: options)
    let compiled = try compiler.training(
      stage, sampleByteCount: sampleByteCount, threadCount: pool.threadCount)
    let training = compiler.spec.training ?? TrainingSpec(learningRate: 0)
    self.stage = stage
    spec = compiler.spec
    self.training = training
    self.pool = pool
    self.seed = seed
    precision = options.precision
    recomputation = compiled.recomputation
    self.batches = try batches(compiler, training)
    programs = try TrainingPrograms(
      compiled, training, engine: Engine(parameters: source, pool: pool))
    for parameter in programs.parameters {
      programs.states.initialise(parameter, from: source, seed: seed ^ RandomStream.parameters)
    }
    if training.ema != nil { programs.states.startAverages(programs.parameters) }
  }

  /// Takes a step: batches, gradients, optimiser.
  ///
  /// - Throws: Rule `training.not-finite`; the parameters are then as they were.
  package func takeStep() throws(DiagnosticsError) -> TrainingProgress {
    programs.clearGradients()
    var loss = 0.0
    for place in 0..<training.accumulate {
      let index = step * training.accumulate + place
      batches.fill(index)
      programs.drawNoise(seed: seed, step: UInt64(index))
      loss += try batchLoss() / Double(training.accumulate)
    }
    return try finishStep(loss: loss)
  }

  /// Takes a step with one batch of given timesteps, one per sample, and noise.
  ///
  /// The batch holds the first samples, and no condition is dropped.
  /// - Precondition: A denoiser is trained, and makes a step of one batch.
  /// - Throws: Rule `training.not-finite`, the parameters are then as they were; `training.samples`
  ///   for a timestep that training never sees.
  package func takeStep(
    timesteps: [Double], noise: Tensor
  ) throws(DiagnosticsError) -> TrainingProgress {
    guard case .denoiser(let batches) = batches else {
      preconditionFailure("an autoencoder sees no timesteps")
    }
    precondition(training.accumulate == 1 && timesteps.count == training.batch)
    try batches.fill(timesteps: timesteps)
    programs.setNoise(noise)
    return try finishStep(loss: try batchLoss())
  }

  private func batchLoss() throws(DiagnosticsError) -> Double {
    do {
      return Double(try programs.accumulate(batches))
    } catch {
      throw DiagnosticsError(Diagnostic(TrainingRules.samples, "\(error)"))
    }
  }

  private func finishStep(loss: Double) throws(DiagnosticsError) -> TrainingProgress {
    let share = 1 / Double(training.accumulate)
    let norm = programs.gradientNorm(scale: share)
    guard loss.isFinite, norm.isFinite else { throw notFinite(loss) }
    var scale = share
    // As `clip_grad_norm_` of PyTorch does it.
    if let clip = training.clip { scale *= min(1, clip / (norm + 1e-6)) }
    let rate = training.learningRate(at: step)
    do {
      try programs.update(step: step, rate: rate, gradientScale: scale)
    } catch {
      throw DiagnosticsError(Diagnostic(CompileRules.brokenGraph, "\(error)"))
    }
    step += 1
    return TrainingProgress(step: step, loss: loss, gradientNorm: norm, learningRate: rate)
  }

  private func notFinite(_ loss: Double) -> DiagnosticsError {
    let affected =
      programs.firstBadTensor().map { "the first tensor affected is `\($0)`" }
      ?? programs.largestGradient().map { "the squares overflow first in `\($0)`" }
    return DiagnosticsError(
      Diagnostic(
        TrainingRules.notFinite,
        "step \(step + 1) is not finite: the loss is \(loss)"
          + (affected.map { ", and \($0)" } ?? ""),
        help: "try a smaller learning rate, `clip`, or a longer warm-up", path: "training"))
  }

  /// A parameter as it is now.
  package func parameter(_ name: String) -> Tensor? { programs.states.tensor(name) }

  /// The gradient of a parameter that the last step used, before it was scaled.
  package func gradient(_ name: String) -> Tensor? {
    programs.states.tensor(TrainingState.gradient(name))
  }

  /// The running mean of a parameter; nil where the training keeps none.
  package func average(_ name: String) -> Tensor? {
    programs.states.tensor(TrainingState.average(name))
  }

  /// The names of the parameters that change, in the order of the forward pass.
  package var parameterNames: [String] { programs.parameters.map(\.name) }

  /// Steps timed one by one, from a few that warm up on.
  ///
  /// - Throws: Rule `training.not-finite`, `compiler.broken-graph`.
  package func measure(
    _ repetition: Benchmark.Repetition
  ) throws(DiagnosticsError) -> Benchmark.Measurement {
    do {
      for _ in 0..<2 { _ = try takeStep() }
      var measurement = try repetition.measure(on: pool) {
        let start = ContinuousClock.now
        _ = try takeStep()
        return [(ContinuousClock.now - start) / .seconds(1)]
      }
      try programs.startTiming()
      for _ in 0..<measurement.detailedRuns { _ = try takeStep() }
      measurement.times = try programs.times()
      return measurement
    } catch let error as DiagnosticsError {
      throw error
    } catch {
      throw DiagnosticsError(Diagnostic(CompileRules.brokenGraph, "\(error)"))
    }
  }

  /// What the gradients compute twice to save memory.
  package let recomputation: Recomputation

  /// The bytes of the training: states, arenas, scratch and inputs.
  package var byteCount: Int { programs.byteCount }
}

extension SharedStates {
  /// Lets every average start where its parameter does.
  fileprivate func startAverages(_ parameters: [ParameterDeclaration]) {
    for parameter in parameters {
      _ = withElements(of: parameter.name) { values in
        withElements(of: TrainingState.average(parameter.name)) { average in
          if let base = values.baseAddress {
            average.baseAddress?.update(from: base, count: values.count)
          }
        }
      }
    }
  }
}
