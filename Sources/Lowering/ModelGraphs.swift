import GraphIR
import ModelSpec
import Schedules
import Tensors

/// The graphs of a model: each a function of the canonical spec.
///
/// A spec that passed validation lowers without errors; a `GraphError` is a fault of the program.
package enum ModelGraphs {
  /// Pictures to latents: input `pixels` to output `latent`; nil without an autoencoder.
  ///
  /// - Parameter batch: The number of pictures or videos.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func encoder(_ spec: ModelSpec, batch: Int) throws(GraphError) -> Graph? {
    guard let autoencoder = spec.autoencoder, let pixels = spec.pixels else { return nil }
    var context = LoweringContext(spec, graph: "encode", batch: batch)
    let input = context.builder.input("pixels", .f32([batch] + pixels.dimensions))
    context.builder.output("latent", try context.encode(input, autoencoder))
    return context.builder.graph.compacted()
  }

  /// Latents to pictures: input `latent` to output `pixels`; nil without an autoencoder.
  ///
  /// - Parameter batch: The number of latents.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func decoder(_ spec: ModelSpec, batch: Int) throws(GraphError) -> Graph? {
    guard let autoencoder = spec.autoencoder, let pixels = spec.pixels else { return nil }
    var context = LoweringContext(spec, graph: "decode", batch: batch)
    let latent = autoencoder.latent(of: pixels)
    let input = context.builder.input("latent", .f32([batch] + latent.dimensions))
    let output = try context.decode(input, autoencoder, to: [batch] + pixels.dimensions)
    context.builder.output("pixels", output)
    return context.builder.graph.compacted()
  }

  /// One pass of the denoiser, every output channel kept; nil without a denoiser.
  ///
  /// Inputs `latent`, `timestep` `[batch]`, and `label`, `text_ids` where the spec has them; output
  /// `prediction`.
  /// - Parameter batch: The number of latents.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func prediction(_ spec: ModelSpec, batch: Int) throws(GraphError) -> Graph? {
    guard let denoiser = spec.denoiser else { return nil }
    var context = LoweringContext(spec, graph: "prediction", batch: batch)
    let latent = context.builder.input("latent", .f32([batch] + denoiser.latent.dimensions))
    let timestep = context.builder.input("timestep", .f32([batch]))
    let inputs = context.conditionInputs(timestep: timestep, isGuided: false)
    context.builder.output("prediction", try context.denoise(denoiser, latent, inputs))
    return context.builder.graph.compacted()
  }

  /// One step of a run: denoiser, guidance and the sampler's update over the state `latent`.
  ///
  /// Inputs `label`, `text_ids` where the spec has them. What changes from step to step is read by
  /// `step_row` from tables of the trajectory.
  /// - Parameters:
  ///   - trajectory: The steps of the run.
  ///   - guidance: The guidance scale; at 1 no unconditional half is computed.
  ///   - batch: The number of samples.
  /// - Returns: The graph; nil without a denoiser.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func step(
    _ spec: ModelSpec, _ trajectory: SamplingTrajectory, guidance: Double, batch: Int
  ) throws(GraphError) -> Graph? {
    guard let denoiser = spec.denoiser else { return nil }
    var context = LoweringContext(spec, graph: "step", batch: batch)
    let latent = context.builder.source(
      .state("latent"), .f32([batch] + denoiser.latent.dimensions))
    let next = try context.step(
      denoiser, latent, trajectory, guidance: guidance, batch: batch)
    context.builder.output("latent", next, isState: true)
    return context.builder.graph.compacted()
  }

  /// A latent with noise where a trajectory starts: inputs `latent` and `noise`, output `noised`.
  ///
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func noising(
    _ spec: ModelSpec, _ trajectory: SamplingTrajectory, batch: Int
  ) throws(GraphError) -> Graph? {
    guard let denoiser = spec.denoiser else { return nil }
    var context = LoweringContext(spec, graph: "noise", batch: batch)
    let type = TensorType.f32([batch] + denoiser.latent.dimensions)
    let latent = context.builder.input("latent", type)
    let noise = context.builder.input("noise", type)
    context.builder.output("noised", try context.noised(latent, noise, trajectory))
    return context.builder.graph
  }

  /// Everything from a picture to the next: encoder, noise, one step, the loss, decoder.
  ///
  /// Inputs `pixels` with an autoencoder, `noise`, and the conditions'; outputs `loss` and, with an
  /// autoencoder, `pixels`, else `latent`. Without an autoencoder the noise alone is denoised.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func trace(
    _ spec: ModelSpec, _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> TracedGraph? {
    guard let denoiser = spec.denoiser else { return nil }
    var context = LoweringContext(spec, graph: "trace", batch: 1)
    var signal: ValueID?
    if let autoencoder = spec.autoencoder, let pixels = spec.pixels {
      let input = context.builder.input("pixels", .f32([1] + pixels.dimensions))
      context.probe(.patchify, pixels.frames == nil ? "image" : "video", input, .frames)
      signal = try context.encode(input, autoencoder)
    }
    let noise = context.builder.input("noise", .f32([1] + denoiser.latent.dimensions))
    context.probe(.noise, "noise", noise, .positions)
    var latent = noise
    if let signal {
      latent = try context.noised(signal, noise, trajectory)
      context.probe(
        .noise, "noised_latent", latent, .positions,
        [
          .factor(trajectory.signalCoefficient), .value(signal, .positions),
          .sign("+"), .factor(trajectory.noiseCoefficient), .value(noise, .positions),
        ].compactMap(\.self))
    } else {
      context.probe(.noise, "noised_latent", latent, .positions)
    }
    let next = try context.tracedStep(denoiser, latent, noise, signal, trajectory)
    if let autoencoder = spec.autoencoder, let pixels = spec.pixels {
      context.builder.output(
        "pixels", try context.decode(next, autoencoder, to: [1] + pixels.dimensions))
    } else {
      context.builder.output("latent", next)
    }
    return TracedGraph(graph: context.builder.graph, probes: context.probes)
  }
}

extension LoweringContext {
  /// `signalCoefficient · latent + noiseCoefficient · noise`.
  fileprivate mutating func noised(
    _ latent: ValueID, _ noise: ValueID, _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    try at("diffusion") { context throws(GraphError) in
      let signal = try context.scaled(latent, by: trajectory.signalCoefficient)
      return try context.builder.add(
        signal, context.scaled(noise, by: trajectory.noiseCoefficient))
    }
  }

  /// The state after a step.
  fileprivate mutating func step(
    _ denoiser: Denoiser, _ latent: ValueID, _ trajectory: SamplingTrajectory, guidance: Double,
    batch: Int
  ) throws(GraphError) -> ValueID {
    let isGuided = guidance != 1
    let inputs = conditionInputs(
      timestep: try timestep(of: trajectory), isGuided: isGuided)
    var prediction = try mean(of: denoise(denoiser, latent, inputs), denoiser)
    if isGuided {
      prediction = try at("diffusion.guidance") { context throws(GraphError) in
        try context.guide(prediction, scale: guidance, batch: batch)
      }
    }
    return try update(latent, prediction, trajectory)
  }

  /// The first step of a trajectory, its loss noted between prediction and update.
  fileprivate mutating func tracedStep(
    _ denoiser: Denoiser, _ latent: ValueID, _ noise: ValueID, _ signal: ValueID?,
    _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    let inputs = conditionInputs(timestep: try timestep(of: trajectory), isGuided: false)
    let prediction = try mean(of: denoise(denoiser, latent, inputs), denoiser)
    try at("training") { context throws(GraphError) in
      let target = try context.target(noise, signal, trajectory)
      let difference = try context.builder.subtract(prediction, target)
      context.probe(
        .loss, "difference", difference, .positions,
        [.value(prediction, .positions), .sign("-"), .value(target, .positions)])
      let square = try context.builder.multiply(difference, difference)
      let axes = Array(0..<context.builder.shape(square).rank)
      let loss = try context.builder.append(.reduce(.mean, axes: axes), [square])
      context.probe(.loss, "loss", loss, .scalar)
      context.builder.output("loss", loss)
    }
    let next = try update(latent, prediction, trajectory)
    let (kept, moved) = (
      trajectory.latentCoefficients[0], trajectory.predictionCoefficients[0]
    )
    probe(
      .denoise, "denoised_latent", next, .positions,
      [
        .factor(kept), .value(latent, .positions), .sign(moved < 0 ? "-" : "+"),
        .factor(abs(moved)), .value(prediction, .positions),
      ].compactMap(\.self))
    return next
  }

  /// What the prediction should be.
  private mutating func target(
    _ noise: ValueID, _ signal: ValueID?, _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    switch spec.diffusion?.prediction {
    case .epsilon, nil: return noise
    case .velocity:
      let scaledNoise = try scaled(noise, by: trajectory.signalCoefficient)
      guard let signal else { return scaledNoise }
      return try builder.subtract(
        scaledNoise, scaled(signal, by: trajectory.noiseCoefficient))
    }
  }

  private mutating func timestep(
    of trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    try at("diffusion.sampler") { context throws(GraphError) in
      let row = try context.row(of: trajectory.timesteps)
      return try context.builder.reshape(row, [1])
    }
  }

  /// The channels of a prediction that stand for the mean.
  private mutating func mean(
    of prediction: ValueID, _ denoiser: Denoiser
  ) throws(GraphError) -> ValueID {
    if denoiser.finalLayer.outChannels == denoiser.latent.channels { return prediction }
    return try at("diffusion.variance") { context throws(GraphError) in
      try context.builder.slice(
        prediction, axis: 1, start: 0, count: denoiser.latent.channels)
    }
  }

  /// `unconditional + scale (conditional - unconditional)`.
  ///
  /// - Source: Ho and Salimans, Classifier-Free Diffusion Guidance (arXiv 2207.12598), equation 6,
  ///   with scale = 1 + w.
  private mutating func guide(
    _ prediction: ValueID, scale: Double, batch: Int
  ) throws(GraphError) -> ValueID {
    let conditional = try builder.slice(prediction, axis: 0, start: 0, count: batch)
    let unconditional = try builder.slice(prediction, axis: 0, start: batch, count: batch)
    let direction = try builder.subtract(conditional, unconditional)
    return try builder.add(
      unconditional, builder.multiply(direction, builder.scalar(scale)))
  }

  /// The sampler's linear update.
  private mutating func update(
    _ latent: ValueID, _ prediction: ValueID, _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    try at("diffusion.sampler") { context throws(GraphError) in
      let kept = try context.builder.multiply(
        latent, context.row(of: trajectory.latentCoefficients))
      let moved = try context.builder.multiply(
        prediction, context.row(of: trajectory.predictionCoefficients))
      return try context.builder.add(kept, moved)
    }
  }

  /// The current step's entry of a table over the steps: a scalar.
  private mutating func row(of values: [Double]) throws(GraphError) -> ValueID {
    let table = builder.constant(Tensor([values.count], values.map(Float.init)))
    return try builder.append(.stepRow, [table])
  }

  private mutating func scaled(
    _ x: ValueID, by coefficient: Double
  ) throws(GraphError) -> ValueID {
    coefficient == 1 ? x : try builder.multiply(x, builder.scalar(coefficient))
  }
}

extension Probe.Term {
  /// A factor before a value; nil for 1.
  fileprivate static func factor(_ value: Double) -> Probe.Term? {
    value == 1 ? nil : .sign("\(Float(value)) ·")
  }
}

extension PixelSpace {
  /// `[channels, (frames,) height, width]`.
  package var dimensions: [Int] { [channels] + (frames.map { [$0] } ?? []) + [height, width] }
}

extension Autoencoder {
  /// The latent of pictures.
  package func latent(of pixels: PixelSpace) -> LatentSpace {
    LatentSpace(
      channels: latentChannels, frames: pixels.frames.map { $0 / patchSize.frames },
      height: pixels.height / patchSize.height, width: pixels.width / patchSize.width)
  }
}
