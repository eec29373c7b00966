import Compiler
import Diagnostics
import GraphIR
import Kernels
import Media
import ModelSpec
import Runtime
import Schedules
import Tensors

/// What a run starts from.
package struct SamplingRequest: Sendable {
  /// Words or classes.
  package var conditions = ConditionRequest()
  /// The seed of the first sample's noise, of each further one's one more; nil takes the spec's
  /// example for the first sample, or 0.
  package var seed: UInt64?
  /// Noise in the latent's shape, `[samples, channels, (frames,) height, width]`.
  package var noise: Tensor?
  /// What the steps add, `[steps, samples, channels, (frames,) height, width]`; nil draws it.
  package var stepNoise: Tensor?
  /// Pictures to start from, `[1, channels, (frames,) height, width]`; nil takes the spec's
  /// example.
  package var pixels: Tensor?
  /// A latent to start from instead, `[samples, channels, (frames,) height, width]`; needs a model
  /// compiled with `startsFromLatent`.
  package var latent: Tensor?

  /// A request that takes everything from the spec.
  package init() {}

  /// The seed of a sample, so that it can be made again alone.
  package func seed(of sample: Int) -> UInt64 { (seed ?? 0) &+ UInt64(sample) }
}

/// A compiled model bound to memory: prompt to latents and pictures.
package final class SamplingRun {
  /// The compiled graphs.
  package let model: CompiledModel
  private let engine: Engine
  private let isTimed: Bool
  private let step: Executable
  private let decoder: AutoencoderRun?
  /// What only a run from pictures needs.
  private var encoder: AutoencoderRun?
  /// What only a run from pictures or a latent needs.
  private var noising: Executable?

  /// Binds a compiled model to memory, packs its weights and computes what depends on no input.
  ///
  /// What encodes pictures or noises a latent follows when a request has some.
  /// - Parameter isTimed: Whether `times` is to know how long every call of a kernel took.
  /// - Throws: Rule `run.memory`, and what reading weights throws.
  package init(
    _ model: CompiledModel, engine: Engine, isTimed: Bool = false
  ) throws(DiagnosticsError) {
    self.model = model
    self.engine = engine
    self.isTimed = isTimed
    step = try engine.executable(model.step)
    step.skippingThreshold = model.skippingThreshold ?? 0
    decoder =
      if let graph = model.decoder {
        .decoder(try engine.executable(graph), of: model.spec)
      } else { nil }
    if isTimed {
      try checked(DiffusionRules.memory) { for (_, graph) in graphs { try graph.startTiming() } }
    }
  }

  /// The executables with the names of their graphs.
  private var graphs: [(name: String, executable: Executable)] {
    let executables: [(graph: CompiledGraph?, executable: Executable?)] = [
      (model.encoder, encoder?.executable), (model.noising, noising),
      (model.step, step), (model.decoder, decoder?.executable),
    ]
    var graphs: [(name: String, executable: Executable)] = []
    for (graph, executable) in executables {
      if let graph, let executable { graphs.append((graph.name, executable)) }
    }
    return graphs
  }

  /// What encodes pictures, made when it is first needed; nil without an autoencoder.
  private func encodingGraph() throws(DiagnosticsError) -> AutoencoderRun? {
    if let encoder { return encoder }
    guard let graph = model.encoder,
      let run = AutoencoderRun.encoder(try engine.executable(graph), of: model.spec)
    else { return nil }
    if isTimed { try checked(DiffusionRules.memory) { try run.executable.startTiming() } }
    encoder = run
    return run
  }

  /// What adds noise to a latent, made when it is first needed; nil where nothing is to be noised.
  private func noisingGraph() throws(DiagnosticsError) -> Executable? {
    if let noising { return noising }
    guard let graph = model.noising else { return nil }
    let executable = try engine.executable(graph)
    if isTimed { try checked(DiffusionRules.memory) { try executable.startTiming() } }
    noising = executable
    return executable
  }

  /// The kernel calls of all graphs in use, each stage counted once.
  package var instructionCount: Int { graphs.reduce(0) { $0 + $1.executable.instructionCount } }

  /// How long the graphs took until now; without stages unless the run is timed.
  ///
  /// - Throws: Nothing that making the run has not thrown before.
  package func times() throws(DiagnosticsError) -> [GraphTimes] {
    try checked(DiffusionRules.memory) { try graphs.map { try $1.times(of: $0) } }
  }

  /// The number of steps.
  package var stepCount: Int { model.trajectory.timesteps.count }

  /// Samples latents.
  ///
  /// - Parameters:
  ///   - request: What the run starts from.
  ///   - progress: Called with 0 when the first step begins, and after each step with the number of
  ///     steps done; only what it does itself allocates between steps.
  /// - Returns: `[samples, channels, (frames,) height, width]`.
  /// - Throws: Rules `run.*`, those of prompts, and what `progress` throws.
  package func latents(
    _ request: SamplingRequest, progress: (Int) throws(DiagnosticsError) -> Void = { _ in }
  ) throws(DiagnosticsError) -> Tensor {
    let inputs = try model.spec.conditionInputs(request.conditions, batch: model.batch)
    let noise = try noise(for: request)
    let start = try start(request, noise: noise)
    let stepNoise = try stepNoise(for: request)
    return try checked(DiffusionRules.tensor) {
      for name in inputs.keys.sorted() {
        if let input = inputs[name] { try step.set(name, input) }
      }
      try step.setState("latent", start)
      // What another run left there must not be read, not even with the factor 0.
      if model.trajectory.update.hasHistory { try step.stateMemory("estimate").fill(0) }
      let noiseMemory =
        model.trajectory.update.noise == nil ? nil : try step.stateMemory("step_noise")
      try step.prepare()
      try progress(0)
      for index in 0..<stepCount {
        if let noiseMemory { stepNoise.fill(noiseMemory, step: index, samples: model.batch) }
        step.step(index)
        try progress(index + 1)
      }
      return try step.state("latent")
    }
  }

  /// What the steps of the last run skipped; nil where nothing can be skipped.
  package var skippedSteps: SkippedSteps? {
    model.skippingThreshold == nil ? nil : step.skippedSteps
  }

  /// Samples latents without skipping anything, as `latents` does otherwise.
  package func latentsOfAllBlocks(_ request: SamplingRequest) throws(DiagnosticsError) -> Tensor {
    let threshold = step.skippingThreshold
    step.skippingThreshold = 0
    defer { step.skippingThreshold = threshold }
    return try latents(request)
  }

  /// The latents as the last step left them, `[samples, channels, (frames,) height, width]`.
  ///
  /// - Throws: Nothing that making the run has not thrown before.
  package func currentLatents() throws(DiagnosticsError) -> Tensor {
    try checked(DiffusionRules.tensor) { try step.state("latent") }
  }

  /// Where the noise of the steps comes from.
  private enum StepNoise {
    case given(Tensor)
    case drawn(seed: UInt64)

    /// Fills the memory that a step reads; allocates nothing.
    func fill(_ memory: StateMemory, step: Int, samples: Int) {
      switch self {
      case .given(let tensor): memory.copy(tensor, from: step * memory.count)
      case .drawn(let seed):
        for sample in 0..<samples {
          // Step 0 of the generator is where a run starts.
          memory.fillWithNormals(
            seed: seed &+ UInt64(sample), step: UInt64(step + 1), part: sample, of: samples)
        }
      }
    }
  }

  private func stepNoise(for request: SamplingRequest) throws(DiagnosticsError) -> StepNoise {
    guard let noise = request.stepNoise else { return .drawn(seed: request.seed ?? 0) }
    try model.spec.check(stepNoise: noise, along: model.trajectory, batch: model.batch)
    return .given(noise)
  }

  /// Decodes one sample's pictures, `[1, channels, (frames,) height, width]`; nil without an
  /// autoencoder.
  ///
  /// - Parameter latents: `[samples, channels, (frames,) height, width]`.
  /// - Throws: Rule `eval.tensor` when the latents do not fit.
  package func pixels(
    of latents: Tensor, sample: Int
  ) throws(DiagnosticsError) -> Tensor? {
    guard let decoder else { return nil }
    let dimensions = Array(latents.shape.dimensions.dropFirst())
    let count = dimensions.reduce(1, *)
    return try checked(DiffusionRules.tensor) {
      try decoder.run(
        Tensor([1] + dimensions, Array(latents.values[(sample * count)..<((sample + 1) * count)])))
    }
  }

  /// The pictures of a sample: decoded; without an autoencoder the latent itself where it is
  /// pictures, else a preview of it.
  ///
  /// - Parameter latents: `[samples, channels, (frames,) height, width]`.
  /// - Throws: Rule `eval.tensor` when the latents do not fit.
  package func pictures(
    of latents: Tensor, sample: Int = 0
  ) throws(DiagnosticsError) -> (frames: Frames, isPreview: Bool) {
    if let pixels = try pixels(of: latents, sample: sample), let space = model.spec.pixels {
      return (space.frames(of: pixels), false)
    }
    let latent = latents.rows([sample])
    if model.spec.autoencoder == nil, let space = model.spec.pixels {
      return (space.frames(of: latent), false)
    }
    guard let space = model.spec.denoiser?.latent else {
      preconditionFailure("a compiled model has a denoiser")
    }
    return (space.preview(of: latent), true)
  }

  private func noise(for request: SamplingRequest) throws(DiagnosticsError) -> Tensor {
    guard let latent = model.spec.denoiser?.latent else {
      preconditionFailure("a compiled model has a denoiser")
    }
    let dimensions = [model.batch] + latent.dimensions
    if let noise = request.noise {
      return try latent.fitted(noise: noise, batch: model.batch)
    }
    let count = latent.dimensions.reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(model.batch * count)
    for sample in 0..<model.batch {
      if sample == 0, request.seed == nil, let noise = model.spec.example?.noise,
        noise.values.count == count
      {
        values += noise.values
      } else {
        values += philoxNormals(seed: request.seed(of: sample), step: 0, count: count)
      }
    }
    return Tensor(dimensions, values)
  }

  /// The latent of the first step: a given latent or encoded pictures with noise, or noise alone.
  private func start(
    _ request: SamplingRequest, noise: Tensor
  ) throws(DiagnosticsError) -> Tensor {
    if let latent = request.latent {
      return try noised(Tensor(noise.shape.dimensions, latent.values), noise: noise)
    }
    var pixels = request.pixels
    if pixels == nil, let given = model.spec.example?.pixels, let space = model.spec.pixels {
      let wanted = [1, space.channels] + (space.frames.map { [$0] } ?? [])
      let dimensions = wanted + [space.height, space.width]
      if given.values.count == dimensions.reduce(1, *) {
        pixels = Tensor(dimensions, given.values)
      }
    }
    guard let pixels, let encoder = try encodingGraph() else { return noise }
    let latent = try checked(DiffusionRules.pixels) { try encoder.run(pixels) }
    let samples = (0..<model.batch).flatMap { _ in latent.values }
    return try noised(Tensor(noise.shape.dimensions, samples), noise: noise)
  }

  /// A latent with the noise of the trajectory's start.
  private func noised(_ latent: Tensor, noise: Tensor) throws(DiagnosticsError) -> Tensor {
    guard let noising = try noisingGraph() else { return noise }
    return try checked(DiffusionRules.pixels) {
      try noising.set("latent", latent)
      try noising.set("noise", noise)
      try noising.run()
      return try noising.output("noised")
    }
  }
}

extension ModelSpec {
  /// Checks noise for the steps of a run.
  ///
  /// - Throws: Rule `run.noise` when it does not fit, or no step adds any.
  package func check(
    stepNoise: Tensor, along trajectory: SamplingTrajectory, batch: Int
  ) throws(DiagnosticsError) {
    guard let latent = denoiser?.latent, let sampler = diffusion?.sampler else { return }
    if trajectory.update.noise == nil {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.noise,
          "noise is given for the steps, and sampler \(sampler.name) adds none",
          help: "leave it out, or choose another sampler", path: "diffusion.sampler"))
    }
    let wanted = [trajectory.timesteps.count, batch] + latent.dimensions
    guard stepNoise.shape.dimensions.withoutOnes == wanted.withoutOnes else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.noise,
          "the noise of the steps is \(stepNoise.shape), and must be \(Shape(wanted))",
          help: "give a tensor of the latent's shape for each step", path: "diffusion.steps"))
    }
  }
}

extension LatentSpace {
  /// Noise in the shape of latents; axes of one element need not be given.
  ///
  /// - Throws: Rule `run.noise` when it has another shape.
  package func fitted(noise: Tensor, batch: Int) throws(DiagnosticsError) -> Tensor {
    let wanted = [batch] + dimensions
    guard noise.shape.dimensions.withoutOnes == wanted.withoutOnes else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.noise, "the noise is \(noise.shape), the latent \(Shape(wanted))",
          help: "give a tensor of the latent's shape", path: "latent"))
    }
    return Tensor(wanted, noise.values)
  }
}

extension [Int] {
  /// The extents that say something about the order of elements.
  var withoutOnes: [Int] { filter { $0 != 1 } }
}
