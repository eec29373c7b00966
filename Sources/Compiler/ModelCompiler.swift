import Diagnostics
import GraphIR
import Lowering
import ModelSpec
import Schedules
import Transforms

/// Compiles the graphs of one model.
package struct ModelCompiler: Sendable {
  /// The spec, in the size of the options.
  package internal(set) var spec: ModelSpec
  /// What was chosen beyond the spec.
  package let options: CompileOptions
  private let locations: SpecLocations

  /// A compiler of a loaded spec.
  ///
  /// - Throws: Rules `options.*` when the options do not fit the spec.
  package init(
    _ loaded: LoadedSpec, options: CompileOptions = CompileOptions()
  ) throws(DiagnosticsError) {
    guard (1...1024).contains(options.batch) else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.batch, "\(options.batch) samples cannot be made together",
          help: "ask for 1 to 1024"))
    }
    spec = try loaded.spec.resampled(with: options.sampler, steps: options.steps)
      .resized(size: options.size, frames: options.frames)
    locations = loaded.locations
    try spec.checkWork(options, locations)
    self.options = options
  }

  /// The steps of a run.
  ///
  /// - Throws: Rules `options.steps`, `options.strength`, `compiler.no-denoiser`.
  package func trajectory() throws(DiagnosticsError) -> SamplingTrajectory {
    guard let diffusion = spec.diffusion, spec.denoiser != nil else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.noDenoiser, "`\(spec.name)` has no denoiser, so there is nothing to sample",
          help: "describe one, from `latent_dim` on, or use `eval` on its autoencoder",
          at: locations.range(of: "")))
    }
    guard options.strength > 0, options.strength <= 1 else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.strength, "strength \(options.strength) is not above 0 and at most 1",
          help: "1 starts from noise alone, a small value stays close to the picture"))
    }
    return try trajectory(diffusion, startingAt: nil)
  }

  private func trajectory(
    _ diffusion: DiffusionSpec, startingAt timestep: Double?
  ) throws(DiagnosticsError) -> SamplingTrajectory {
    let steps = options.steps ?? diffusion.steps
    let trajectory = SamplingTrajectory(
      diffusion.sampler, schedule: diffusion.schedule, prediction: diffusion.prediction,
      steps: steps, strength: options.strength, tokenCount: spec.denoiser?.tokenCount ?? 1,
      startingAt: timestep)
    if let trajectory { return trajectory }
    if let timestep { throw unseen(timestep, try self.trajectory()) }
    throw DiagnosticsError(
      Diagnostic(
        CompileRules.steps,
        "sampler \(diffusion.sampler.name) cannot take \(steps) steps",
        help: "take 1 to \(diffusion.sampler.maximumStepCount(diffusion.schedule))",
        at: locations.range(of: "diffusion.steps")))
  }

  private func unseen(_ timestep: Double, _ whole: SamplingTrajectory) -> DiagnosticsError {
    let seen = whole.timesteps.prefix(8).map { String(Int($0)) }.joined(separator: ", ")
    return DiagnosticsError(
      Diagnostic(
        CompileRules.steps, "no step of a run sees timestep \(Int(timestep)) of the example",
        help: "the steps see \(seen)" + (whole.timesteps.count > 8 ? ", and so on" : ""),
        at: locations.range(of: "example.timestep")))
  }

  /// The guidance scale of a run; 1 is none.
  ///
  /// - Throws: Rule `options.guidance`, also for a negative label without guidance.
  package func guidance() throws(DiagnosticsError) -> Double {
    let scale = options.guidance ?? spec.diffusion?.guidance ?? 1
    guard scale.isFinite, abs(scale) <= 1000 else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.guidance, "guidance \(scale) is out of range",
          help: "scales from 1 (none) to about 10 are usual"))
    }
    let conditioning = spec.denoiser?.conditioning
    let hasNull =
      conditioning?.label?.nullClass != nil || (conditioning?.prompt?.dropout ?? 0) > 0
      || options.negativeLabel != nil
    if scale != 1, !hasNull {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.guidance,
          "guidance \(scale) needs a null condition, and `\(spec.name)` has none",
          help: "use guidance 1, or give `label` or `prompt` a `dropout` above 0",
          at: locations.range(of: "conditioning")))
    }
    if scale == 1, options.negativeLabel != nil {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.guidance, "a negative label does nothing without guidance",
          help: "add --guidance 4, or leave --negative-label out"))
    }
    return scale
  }

  /// The change of the first block below which a step skips the others; nil where none is to.
  ///
  /// - Throws: Rule `options.cache`.
  package func skippingThreshold() throws(DiagnosticsError) -> Double? {
    let threshold: Double?
    switch options.skipping {
    case .spec: threshold = spec.diffusion?.cache
    case .none: threshold = nil
    case .below(let value): threshold = value
    }
    guard let threshold else { return nil }
    guard threshold >= 0, threshold <= 10 else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.cache, "a cache threshold of \(threshold) is out of range",
          help: "use 0, which skips nothing, to 10; 0.05 to 0.2 are usual"))
    }
    guard (spec.denoiser?.depth ?? 0) > 1 else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.cache, "`\(spec.name)` has no blocks after the first to skip",
          help: "leave the cache out", at: locations.range(of: "blocks")))
    }
    return threshold
  }

  /// The graphs of a run: encoder and noise where there is an autoencoder, steps, decoder.
  ///
  /// - Throws: What `trajectory`, `guidance` and `skippingThreshold` throw; `compiler.broken-graph` for a fault of the
  ///   program.
  package func sampling() throws(DiagnosticsError) -> CompiledModel {
    let trajectory = try trajectory()
    let scale = try guidance()
    let threshold = try skippingThreshold()
    let batch = options.batch
    return try located { () throws(GraphError) in
      let step = try ModelGraphs.step(
        spec, trajectory, guidance: scale, negativeLabel: options.negativeLabel,
        skipsBlocks: threshold != nil, batch: batch)
      guard let step else {
        throw GraphError("a trajectory needs a denoiser")
      }
      return CompiledModel(
        spec: spec, trajectory: trajectory, guidance: scale, batch: batch,
        skippingThreshold: threshold,
        encoder: try whole(ModelGraphs.encoder(spec, isScaled: true)),
        noising: spec.autoencoder == nil && !options.startsFromLatent
          ? nil : try whole(ModelGraphs.noising(spec, trajectory, batch: batch)),
        step: try CompiledGraph(
          step, isStaged: true, passes: options.pipeline, isVerifying: options.isVerifying),
        decoder: try whole(ModelGraphs.decoder(spec, isScaled: true)))
    }
  }

  /// One entry of the model as one graph: `prediction`, `encode` or `decode`, the last two for one
  /// sample, or what the autoencoder takes of it at once.
  ///
  /// - Returns: The graph, or nil when the model has no such entry.
  /// - Throws: `compiler.broken-graph` for a fault of the program.
  package func entry(_ name: String) throws(DiagnosticsError) -> CompiledGraph? {
    try located { () throws(GraphError) in
      switch name {
      case "prediction": try whole(ModelGraphs.prediction(spec, batch: options.batch))
      case "encode": try whole(ModelGraphs.encoder(spec, isScaled: false))
      case "decode": try whole(ModelGraphs.decoder(spec, isScaled: false))
      default: nil
      }
    }
  }

  /// Everything from a picture to the next as one graph, with what a trace shows.
  ///
  /// - Throws: What `trajectory` throws; `compiler.broken-graph` for a fault of the program.
  package func trace() throws(DiagnosticsError) -> TracedGraph {
    let trajectory = try tracedTrajectory()
    return try located { () throws(GraphError) in
      guard let traced = try ModelGraphs.trace(spec, trajectory) else {
        throw GraphError("a trajectory needs a denoiser")
      }
      return traced
    }
  }

  /// The steps of a run from the one that the spec's example looks at.
  ///
  /// - Throws: What `trajectory` throws; `options.steps` when no step sees the example's timestep.
  package func tracedTrajectory() throws(DiagnosticsError) -> SamplingTrajectory {
    let whole = try trajectory()
    guard let timestep = spec.example?.timestep, let diffusion = spec.diffusion else {
      return whole
    }
    return try trajectory(diffusion, startingAt: Double(timestep))
  }

  /// A graph as one stage.
  ///
  /// - Throws: `compiler.broken-graph` for a fault of the program.
  package func compile(_ graph: Graph) throws(DiagnosticsError) -> CompiledGraph {
    try located { () throws(GraphError) in try whole(graph) }
  }

  /// One forward pass of the denoiser as lowered, at batch 1.
  func loweredPrediction() throws(GraphError) -> Graph? {
    try ModelGraphs.prediction(spec, batch: 1)
  }

  /// The place of a canonical key in the spec's text.
  func range(of path: String) -> SourceRange? { locations.range(of: path) }

  private func whole(_ graph: Graph?) throws(GraphError) -> CompiledGraph? {
    if let graph { try whole(graph) } else { nil }
  }

  func whole(_ graph: Graph) throws(GraphError) -> CompiledGraph {
    try CompiledGraph(
      graph, isStaged: false, passes: options.pipeline, isVerifying: options.isVerifying)
  }

  /// Turns a graph's fault into a diagnostic at the key responsible.
  package func located<Result>(
    _ body: () throws(GraphError) -> Result
  ) throws(DiagnosticsError) -> Result {
    do throws(GraphError) {
      return try body()
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.brokenGraph, error.message,
          help: "this is a fault of the program; please report it with the spec",
          at: locations.range(of: error.origin.path), path: error.origin.path))
    }
  }
}
