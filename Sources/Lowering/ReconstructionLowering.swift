import GraphIR
import ModelSpec
import Tensors

extension ModelGraphs {
  /// The loss of an autoencoder over one batch of pictures; nil without an autoencoder or training.
  ///
  /// Input `pixels` `[batch, channels, (frames,) height, width]`. The output `loss` is the mean
  /// squared error of what the decoder makes of the latent, for `kl` of the latent's mean.
  /// Pictures are taken as a whole, without tiles.
  /// - Throws: `GraphError` when the spec is not consistent.
  package static func reconstructionLoss(
    _ spec: ModelSpec, batch: Int
  ) throws(GraphError) -> LossGraph? {
    guard let autoencoder = spec.autoencoder, let space = spec.pixels, spec.training != nil else {
      return nil
    }
    var context = LoweringContext(spec, graph: "gradients", batch: batch)
    let dimensions = [batch] + space.dimensions
    let pixels = context.builder.input("pixels", .f32(dimensions))
    let latent = try context.encode(pixels, autoencoder, space, isScaled: false)
    let made = try context.decode(latent, autoencoder, space, to: dimensions, isScaled: false)
    try context.at("training.loss") { context throws(GraphError) in
      let difference = try context.builder.subtract(made, pixels)
      let square = try context.builder.multiply(difference, difference)
      let errors = try context.builder.append(
        .reduce(.mean, axes: Array(1..<dimensions.count)), [square])
      context.builder.output(
        "loss", try context.builder.append(.reduce(.mean, axes: [0]), [errors]))
    }
    return LossGraph(graph: context.builder.graph.compacted(), held: [])
  }
}
