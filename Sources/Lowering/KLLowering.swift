import GraphIR
import ModelSpec
import Tensors

/// The autoencoder of latent diffusion.
///
/// - Source: Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models (arXiv
///   2112.10752), and `AutoencoderKL` of diffusers, whose order of operations this is.
extension LoweringContext {
  /// Pictures to the means of their latents' distributions.
  mutating func encode(
    _ pictures: ValueID, _ layers: KLLayers, _ autoencoder: Autoencoder
  ) throws(GraphError) -> ValueID {
    let name = "autoencoder.encoder"
    var x = try convolution(name + ".input", pictures, .same)
    for level in layers.levelChannels.indices {
      for block in 0..<layers.blocksPerLevel {
        x = try residualBlock(
          "\(name).levels.\(level).blocks.\(block)", x, layers, autoencoder.activation)
      }
      if level + 1 < layers.levelChannels.count {
        // The margin of published models is below and to the right alone.
        x = try convolution(
          "\(name).levels.\(level).downsample", x,
          Convolution(stride: [2, 2], padding: [0, 1, 0, 1]))
      }
      probe(.encode, "level_\(level)", x, .positions)
    }
    x = try middle(name, x, layers, autoencoder.activation)
    x = try output(name, x, layers, autoencoder.activation)
    if layers.hasQuantConvolution { x = try convolution(name + ".quant", x, .single) }
    return try builder.slice(x, axis: 1, start: 0, count: autoencoder.latentChannels)
  }

  /// Latents to pictures.
  mutating func decode(
    _ latents: ValueID, _ layers: KLLayers, _ autoencoder: Autoencoder
  ) throws(GraphError) -> ValueID {
    let name = "autoencoder.decoder"
    var x = latents
    if layers.hasPostQuantConvolution { x = try convolution(name + ".post_quant", x, .single) }
    x = try convolution(name + ".input", x, .same)
    x = try middle(name, x, layers, autoencoder.activation)
    for level in layers.levelChannels.indices {
      for block in 0...layers.blocksPerLevel {
        x = try residualBlock(
          "\(name).levels.\(level).blocks.\(block)", x, layers, autoencoder.activation)
      }
      if level + 1 < layers.levelChannels.count {
        let larger = try builder.append(.upsample(factor: 2), [x])
        x = try convolution("\(name).levels.\(level).upsample", larger, .same)
      }
      probe(.decode, "level_\(level)", x, .positions)
    }
    return try output(name, x, layers, autoencoder.activation)
  }

  private mutating func output(
    _ name: String, _ x: ValueID, _ layers: KLLayers, _ activation: Activation
  ) throws(GraphError) -> ValueID {
    let normed = try normed(name + ".norm", x, layers, activation)
    return try convolution(name + ".output", normed, .same)
  }

  private mutating func middle(
    _ name: String, _ x: ValueID, _ layers: KLLayers, _ activation: Activation
  ) throws(GraphError) -> ValueID {
    var x = try residualBlock(name + ".middle.blocks.0", x, layers, activation)
    if layers.hasMiddleAttention {
      x = try builder.add(attention(name + ".middle.attention", x, layers), x)
    }
    return try residualBlock(name + ".middle.blocks.1", x, layers, activation)
  }

  /// `shortcut(x) + convolution(activation(norm(convolution(activation(norm(x))))))`.
  private mutating func residualBlock(
    _ name: String, _ x: ValueID, _ layers: KLLayers, _ activation: Activation
  ) throws(GraphError) -> ValueID {
    // The shortcut comes first: where it is a layer, nothing needs x after the first norm.
    let weight = try parameter(name + ".convolution_1.weight")
    let widths = builder.shape(weight)
    let shortcut = widths[0] == widths[1] ? x : try convolution(name + ".shortcut", x, .single)
    var y = try convolution(
      name + ".convolution_1", normed(name + ".norm_1", x, layers, activation), .same)
    y = try convolution(
      name + ".convolution_2", normed(name + ".norm_2", y, layers, activation), .same)
    return try builder.add(shortcut, y)
  }

  /// The activation of a group norm.
  private mutating func normed(
    _ name: String, _ x: ValueID, _ layers: KLLayers, _ activation: Activation
  ) throws(GraphError) -> ValueID {
    try activate(
      activation,
      groupNorm(name, x, groups: layers.normGroups, epsilon: layers.normEpsilon))
  }

  /// Attention with one head over the positions of each picture, without its residual.
  private mutating func attention(
    _ name: String, _ x: ValueID, _ layers: KLLayers
  ) throws(GraphError) -> ValueID {
    let shape = builder.shape(x)
    let normed = try groupNorm(
      name + ".norm", x, groups: layers.normGroups, epsilon: layers.normEpsilon)
    let channels = try builder.reshape(normed, [shape[0], shape[1], shape[2] * shape[3]])
    let pooled = try attention(
      SelfAttention(heads: 1, map: .computed, value: .linear, projection: .linear),
      builder.permute(channels, [0, 2, 1]), name: name)
    return try builder.reshape(builder.permute(pooled, [0, 2, 1]), shape.dimensions)
  }
}
