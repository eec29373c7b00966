import GraphIR
import ModelSpec
import Tensors

extension LoweringContext {
  /// Pictures to their latent: `activation(W patch + b)` for each patch.
  ///
  /// - Parameter pixels: `[batch, channels, (frames,) height, width]`.
  /// - Returns: `[batch, latent channels, (frames',) height', width']`.
  mutating func encode(
    _ pixels: ValueID, _ autoencoder: Autoencoder
  ) throws(GraphError) -> ValueID {
    try at("autoencoder") { context throws(GraphError) in
      let patches = try context.patchify(pixels, autoencoder.patchSize, order: autoencoder.order)
      context.probe(.patchify, "patches", patches, .tokens)
      let equation = try context.probeParameters(
        .encode, of: "autoencoder.encoder", patches, .tokens)
      let layer = try context.linear("autoencoder.encoder", patches)
      context.probe(.encode, "before_activation", layer, .tokens, equation)
      let tokens = try context.activate(autoencoder.activation, layer)
      context.probe(
        .encode, "latent", tokens, .tokens,
        [.sign(autoencoder.activation.rawValue), .value(layer, .tokens)])
      let extents = context.builder.shape(pixels).dimensions
      return try context.unpatchify(
        tokens, to: autoencoder.latentDimensions(of: extents), PatchSize(height: 1, width: 1),
        order: autoencoder.positionOrder)
    }
  }

  /// A latent to its pictures: `activation(W position + b)` for each position.
  ///
  /// - Parameters:
  ///   - latent: `[batch, latent channels, (frames',) height', width']`.
  ///   - dimensions: The pictures', `[batch, channels, (frames,) height, width]`.
  mutating func decode(
    _ latent: ValueID, _ autoencoder: Autoencoder, to dimensions: [Int]
  ) throws(GraphError) -> ValueID {
    try at("autoencoder") { context throws(GraphError) in
      let tokens = try context.patchify(
        latent, PatchSize(height: 1, width: 1), order: autoencoder.positionOrder)
      let equation = try context.probeParameters(
        .decode, of: "autoencoder.decoder", tokens, .tokens)
      let layer = try context.linear("autoencoder.decoder", tokens)
      context.probe(.decode, "before_activation", layer, .tokens, equation)
      let patches = try context.activate(autoencoder.activation, layer)
      context.probe(
        .decode, "pixels", patches, .tokens,
        [.sign(autoencoder.activation.rawValue), .value(layer, .tokens)])
      let pixels = try context.unpatchify(
        patches, to: dimensions, autoencoder.patchSize, order: autoencoder.order)
      context.probe(.arrange, "frames", pixels, .frames)
      return pixels
    }
  }
}

extension Autoencoder {
  /// The order of the axes of a single position: the channel, and the others of extent 1.
  fileprivate var positionOrder: [PatchAxis] {
    [.channel] + order.filter { $0 != .channel }
  }

  /// The latent's dimensions for pictures of the given ones, `[batch, channels, ...]`.
  fileprivate func latentDimensions(of pixels: [Int]) -> [Int] {
    let patch =
      pixels.count == 5
      ? [patchSize.frames, patchSize.height, patchSize.width] : [patchSize.height, patchSize.width]
    return [pixels[0], latentChannels] + zip(pixels.dropFirst(2), patch).map { $0 / $1 }
  }
}
