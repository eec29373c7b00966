import GraphIR
import ModelSpec
import Schedules
import Tensors

/// The loss of a denoiser over a batch.
package struct LossGraph: Sendable {
  /// The graph; its output `loss` is one element.
  package var graph: Graph
  /// The outputs that the gradient takes for constants.
  package var held: [String]
}

extension ModelGraphs {
  /// The loss of the denoiser over one batch of signals; nil without a denoiser or training.
  ///
  /// Inputs `latent`, `timestep` `[batch]`, `label` and `text_ids` where the spec has them, and per
  /// sample, `[batch]`, the factors `signal` and `noise_level` of what the denoiser is shown and
  /// `weight` of the squared error; with a learned variance the parts `bound_range`,
  /// `bound_level`, `bound_error` and `bound_offset` of its bound (`VariationalTerm`). The state
  /// `noise` is left as it is. The output `loss` is the mean over the batch.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func loss(_ spec: ModelSpec, batch: Int) throws(GraphError) -> LossGraph? {
    guard let denoiser = spec.denoiser, let training = spec.training else { return nil }
    var context = LoweringContext(spec, graph: "gradients", batch: batch)
    let type = TensorType.f32([batch] + denoiser.latent.dimensions)
    let signal = context.builder.input("latent", type)
    let noise = context.builder.source(.state("noise"), type)
    context.builder.output("noise", noise, isState: true)
    let levels = (
      signal: try context.perSample("signal", like: type.shape),
      noise: try context.perSample("noise_level", like: type.shape)
    )
    let latent = try context.at("diffusion") { context throws(GraphError) in
      try context.builder.add(
        context.builder.multiply(signal, levels.signal),
        context.builder.multiply(noise, levels.noise))
    }
    let timestep = context.builder.input("timestep", .f32([batch]))
    let inputs = context.conditionInputs(timestep: timestep, isGuided: false)
    let result = try context.denoise(denoiser, latent, inputs)
    let prediction = try context.mean(of: result, denoiser)
    let target =
      switch spec.diffusion?.prediction {
      case .epsilon, nil: noise
      case .sample: signal
      case .flow: try context.builder.subtract(noise, signal)
      case .velocity:
        try context.builder.subtract(
          context.builder.multiply(noise, levels.signal),
          context.builder.multiply(signal, levels.noise))
      }
    var held: [String] = []
    try context.at("training") { context throws(GraphError) in
      let difference = try context.builder.subtract(prediction, target)
      var losses = try context.weightedError(difference)
      if let weight = training.variationalWeight, weight > 0 {
        let variance = try context.varianceChannels(of: result, denoiser)
        let square = try context.builder.multiply(difference, difference)
        context.builder.output("held_error", square)
        held = ["held_error"]
        let bound = try context.bound(variance: variance, error: square)
        losses = try context.builder.add(
          losses, context.builder.multiply(bound, context.builder.scalar(weight)))
      }
      context.builder.output(
        "loss", try context.builder.append(.reduce(.mean, axes: [0]), [losses]))
    }
    return LossGraph(graph: context.builder.graph.compacted(), held: held)
  }
}

extension LoweringContext {
  /// An input of one number per sample, to be broadcast over a batch.
  fileprivate mutating func perSample(
    _ name: String, like shape: Shape
  ) throws(GraphError) -> ValueID {
    let input = builder.input(name, .f32([batch]))
    return try builder.reshape(input, [batch] + shape.dimensions.dropFirst().map { _ in 1 })
  }

  /// The mean squared error of each sample times its weight, `[batch]`.
  fileprivate mutating func weightedError(
    _ difference: ValueID
  ) throws(GraphError) -> ValueID {
    let square = try builder.multiply(difference, difference)
    let errors = try meanOfSamples(square)
    return try builder.multiply(errors, builder.input("weight", .f32([batch])))
  }

  private mutating func meanOfSamples(_ x: ValueID) throws(GraphError) -> ValueID {
    let axes = Array(1..<builder.shape(x).rank)
    return try builder.append(.reduce(.mean, axes: axes), [x])
  }

  /// The channels of a prediction that stand for the variance.
  fileprivate mutating func varianceChannels(
    of prediction: ValueID, _ denoiser: Denoiser
  ) throws(GraphError) -> ValueID {
    let channels = denoiser.latent.channels
    return try at("diffusion.variance") { context throws(GraphError) in
      try context.builder.slice(prediction, axis: 1, start: channels, count: channels)
    }
  }

  /// Each sample's term of the variational bound in bits per element, `[batch]`.
  ///
  /// - Parameter error: The squared error of the prediction.
  fileprivate mutating func bound(
    variance: ValueID, error: ValueID
  ) throws(GraphError) -> ValueID {
    let shape = builder.shape(variance)
    let range = try perSample("bound_range", like: shape)
    let share = try builder.multiply(
      builder.add(variance, builder.scalar(1)), builder.scalar(0.5))
    let ratio = try builder.multiply(share, range)
    let inner = try builder.add(
      builder.multiply(error, perSample("bound_error", like: shape)),
      perSample("bound_level", like: shape))
    let scaled = try builder.multiply(builder.unary(.exp, builder.unary(.negate, ratio)), inner)
    let mean = try meanOfSamples(builder.add(ratio, scaled))
    // 1 / (2 ln 2): from half natural units to bits.
    let bits = try builder.multiply(mean, builder.scalar(0.721_347_520_444_481_7))
    return try builder.add(bits, builder.input("bound_offset", .f32([batch])))
  }
}
