import GraphIR
import ModelSpec
import Tensors

extension LoweringContext {
  /// Pictures to their latent.
  ///
  /// - Parameters:
  ///   - pixels: `[batch, channels, (frames,) height, width]`.
  ///   - isScaled: Whether the result is what the denoiser sees.
  /// - Returns: `[batch, latent channels, (frames',) height', width']`.
  mutating func encode(
    _ pixels: ValueID, _ autoencoder: Autoencoder, _ space: PixelSpace, isScaled: Bool
  ) throws(GraphError) -> ValueID {
    try at("autoencoder") { context throws(GraphError) in
      var latent: ValueID
      switch autoencoder.layers {
      case .linear(let layers):
        latent = try context.encode(pixels, layers, autoencoder)
      case .kl(let layers):
        latent = try context.perPicture(pixels) { context, pictures throws(GraphError) in
          try context.encode(pictures, layers, autoencoder)
        }
      case .tiny(let layers):
        latent = try context.perPicture(pixels) { context, pictures throws(GraphError) in
          try context.encode(pictures, layers, autoencoder, space)
        }
      }
      if isScaled { latent = try context.scaled(latent, autoencoder.scaling) }
      if autoencoder.isConvolutional { context.probe(.encode, "latent", latent, .positions) }
      return latent
    }
  }

  /// A latent to its pictures.
  ///
  /// - Parameters:
  ///   - latent: `[batch, latent channels, (frames',) height', width']`.
  ///   - dimensions: The pictures', `[batch, channels, (frames,) height, width]`.
  ///   - isScaled: Whether the latent is what the denoiser sees.
  mutating func decode(
    _ latent: ValueID, _ autoencoder: Autoencoder, _ space: PixelSpace, to dimensions: [Int],
    isScaled: Bool
  ) throws(GraphError) -> ValueID {
    try at("autoencoder") { context throws(GraphError) in
      let latent = isScaled ? try context.unscaled(latent, autoencoder.scaling) : latent
      var pixels: ValueID
      switch autoencoder.layers {
      case .linear(let layers):
        pixels = try context.decode(latent, layers, autoencoder, to: dimensions)
      case .kl(let layers):
        pixels = try context.perPicture(latent) { context, latents throws(GraphError) in
          try context.decode(latents, layers, autoencoder)
        }
      case .tiny(let layers):
        pixels = try context.perPicture(latent) { context, latents throws(GraphError) in
          try context.decode(latents, layers, autoencoder, space)
        }
      }
      context.probe(.arrange, "frames", pixels, .frames)
      return pixels
    }
  }

  /// `(latent - shift) * factor`.
  private mutating func scaled(
    _ latent: ValueID, _ scaling: LatentScaling
  ) throws(GraphError) -> ValueID {
    var latent = latent
    if scaling.shift != 0 {
      latent = try builder.subtract(latent, builder.scalar(scaling.shift))
    }
    return scaling.factor == 1
      ? latent : try builder.multiply(latent, builder.scalar(scaling.factor))
  }

  /// `latent / factor + shift`.
  private mutating func unscaled(
    _ latent: ValueID, _ scaling: LatentScaling
  ) throws(GraphError) -> ValueID {
    var latent = latent
    if scaling.factor != 1 {
      latent = try builder.binary(.divide, latent, builder.scalar(scaling.factor))
    }
    return scaling.shift == 0 ? latent : try builder.add(latent, builder.scalar(scaling.shift))
  }
}

/// The linear autoencoder.
extension LoweringContext {
  /// `activation(W patch + b)` for each patch.
  private mutating func encode(
    _ pixels: ValueID, _ layers: LinearLayers, _ autoencoder: Autoencoder
  ) throws(GraphError) -> ValueID {
    let patches = try patchify(pixels, layers.patchSize, order: layers.order)
    probe(.patchify, "patches", patches, .tokens)
    let equation = try probeParameters(.encode, of: "autoencoder.encoder", patches, .tokens)
    let layer = try linear("autoencoder.encoder", patches)
    probe(.encode, "before_activation", layer, .tokens, equation)
    let tokens = try activate(autoencoder.activation, layer)
    probe(
      .encode, "latent", tokens, .tokens,
      [.sign(autoencoder.activation.rawValue), .value(layer, .tokens)])
    let extents = builder.shape(pixels).dimensions
    return try unpatchify(
      tokens, to: autoencoder.latentDimensions(of: extents), PatchSize(height: 1, width: 1),
      order: layers.positionOrder)
  }

  /// `activation(W position + b)` for each position.
  private mutating func decode(
    _ latent: ValueID, _ layers: LinearLayers, _ autoencoder: Autoencoder, to dimensions: [Int]
  ) throws(GraphError) -> ValueID {
    let tokens = try patchify(
      latent, PatchSize(height: 1, width: 1), order: layers.positionOrder)
    let equation = try probeParameters(.decode, of: "autoencoder.decoder", tokens, .tokens)
    let layer = try linear("autoencoder.decoder", tokens)
    probe(.decode, "before_activation", layer, .tokens, equation)
    let patches = try activate(autoencoder.activation, layer)
    probe(
      .decode, "pixels", patches, .tokens,
      [.sign(autoencoder.activation.rawValue), .value(layer, .tokens)])
    return try unpatchify(patches, to: dimensions, layers.patchSize, order: layers.order)
  }
}

extension LinearLayers {
  /// The order of the axes of a single position: the channel, and the others of extent 1.
  fileprivate var positionOrder: [PatchAxis] {
    [.channel] + order.filter { $0 != .channel }
  }
}

extension Autoencoder {
  /// The latent's dimensions for pictures of the given ones, `[batch, channels, ...]`.
  fileprivate func latentDimensions(of pixels: [Int]) -> [Int] {
    let patch =
      pixels.count == 5
      ? [patchSize.frames, patchSize.height, patchSize.width] : [patchSize.height, patchSize.width]
    return [pixels[0], latentChannels] + zip(pixels.dropFirst(2), patch).map { $0 / $1 }
  }
}
