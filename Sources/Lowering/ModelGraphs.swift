import GraphIR
import ModelSpec
import Schedules
import Tensors

/// The graphs of a model: each a function of the canonical spec.
///
/// A spec that passed validation lowers without errors; a `GraphError` is a fault of the program.
package enum ModelGraphs {
  /// Pictures to a latent: input `pixels` to output `latent`; nil without an autoencoder.
  ///
  /// They are those of one sample, or what the autoencoder reads of it at once.
  /// - Parameter isScaled: Whether the latent is what the denoiser sees.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func encoder(_ spec: ModelSpec, isScaled: Bool) throws(GraphError) -> Graph? {
    guard let autoencoder = spec.autoencoder, let whole = spec.pixels else { return nil }
    let pixels = autoencoder.unit(of: whole)
    var context = LoweringContext(spec, graph: "encode", batch: 1)
    let input = context.builder.input("pixels", .f32([1] + pixels.dimensions))
    context.builder.output(
      "latent", try context.encode(input, autoencoder, pixels, isScaled: isScaled))
    return context.builder.graph.compacted()
  }

  /// A latent to its pictures: input `latent` to output `pixels`; nil without an autoencoder.
  ///
  /// They are those of one sample, or what the autoencoder makes of it at once.
  /// - Parameter isScaled: Whether the latent is what the denoiser sees.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func decoder(_ spec: ModelSpec, isScaled: Bool) throws(GraphError) -> Graph? {
    guard let autoencoder = spec.autoencoder, let whole = spec.pixels else { return nil }
    let pixels = autoencoder.unit(of: whole)
    var context = LoweringContext(spec, graph: "decode", batch: 1)
    let latent = autoencoder.latent(of: pixels)
    let input = context.builder.input("latent", .f32([1] + latent.dimensions))
    let output = try context.decode(
      input, autoencoder, pixels, to: [1] + pixels.dimensions, isScaled: isScaled)
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
  /// `step_row` from tables of the trajectory. A trajectory with history has the state `estimate`,
  /// the estimate of the signal of the step before; one with noise the state `step_noise`, which a
  /// run fills with standard normal numbers before each step and the graph leaves as it is.
  /// - Parameters:
  ///   - trajectory: The steps of the run.
  ///   - guidance: The guidance scale; at 1 no unconditional half is computed.
  ///   - negativeLabel: The class of the unconditional half; nil takes the null class.
  ///   - skipsBlocks: Whether the blocks after the first can be skipped, as `SkippedMiddle` says.
  ///   - batch: The number of samples.
  /// - Returns: The graph; nil without a denoiser.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func step(
    _ spec: ModelSpec, _ trajectory: SamplingTrajectory, guidance: Double,
    negativeLabel: Int? = nil, skipsBlocks: Bool = false, batch: Int
  ) throws(GraphError) -> Graph? {
    guard let denoiser = spec.denoiser else { return nil }
    var context = LoweringContext(spec, graph: "step", batch: batch)
    context.negativeLabel = negativeLabel
    context.skipsBlocks = skipsBlocks
    let type = TensorType.f32([batch] + denoiser.latent.dimensions)
    func state(_ name: String, _ isThere: Bool) -> ValueID? {
      isThere ? context.builder.source(.state(name), type) : nil
    }
    let state = SamplerState(
      latent: context.builder.source(.state("latent"), type),
      estimate: state("estimate", trajectory.update.hasHistory),
      noise: state("step_noise", trajectory.update.noise != nil))
    let next = try context.step(denoiser, state, trajectory, guidance: guidance)
    context.builder.output("latent", next.latent, isState: true)
    if let estimate = next.estimate { context.builder.output("estimate", estimate, isState: true) }
    if let noise = next.noise { context.builder.output("step_noise", noise, isState: true) }
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
      signal = try context.encode(input, autoencoder, pixels, isScaled: true)
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
        "pixels",
        try context.decode(
          next, autoencoder, pixels, to: [1] + pixels.dimensions, isScaled: true))
    } else {
      context.builder.output("latent", next)
    }
    return TracedGraph(graph: context.builder.graph, probes: context.probes)
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
