extension DeclarationList {
  mutating func declareEncoder(_ autoencoder: Autoencoder, pixels: PixelSpace?) {
    declare(autoencoder, pixels) { list, channels in
      let latent = autoencoder.latentChannels
      switch autoencoder.layers {
      case .linear(let layers):
        list.linear("autoencoder.encoder", from: layers.patchSize.area * channels, to: latent)
      case .kl(let layers): list.declareEncoder(layers, from: channels, to: latent)
      case .tiny(let layers): list.declare(layers.encoder(from: channels, to: latent))
      }
    }
  }

  mutating func declareDecoder(_ autoencoder: Autoencoder, pixels: PixelSpace?) {
    declare(autoencoder, pixels) { list, channels in
      let latent = autoencoder.latentChannels
      switch autoencoder.layers {
      case .linear(let layers):
        list.linear("autoencoder.decoder", from: latent, to: layers.patchSize.area * channels)
      case .kl(let layers): list.declareDecoder(layers, from: latent, to: channels)
      case .tiny(let layers): list.declare(layers.decoder(from: latent, to: channels))
      }
    }
  }

  /// Runs a body with the channels of the pictures.
  private mutating func declare(
    _ autoencoder: Autoencoder, _ pixels: PixelSpace?,
    _ body: (inout DeclarationList, Int) -> Void
  ) {
    guard let pixels else { return }
    path = "autoencoder"
    isLearnable = !autoencoder.frozen
    body(&self, pixels.channels)
    isLearnable = true
  }

  /// A square convolution with a bias.
  private mutating func convolution(
    _ name: String, from input: Int, to output: Int, size: Int = 3
  ) {
    tensor(
      name + ".weight", [output, input, size, size],
      initial: .xavier(from: input * size * size, to: output * size * size))
    tensor(name + ".bias", [output])
  }

  private mutating func norm(_ name: String, _ channels: Int) {
    tensor(name + ".weight", [channels], initial: .ones)
    tensor(name + ".bias", [channels])
  }
}

extension DeclarationList {
  fileprivate mutating func declareEncoder(_ layers: KLLayers, from channels: Int, to latent: Int) {
    let name = "autoencoder.encoder"
    let widths = layers.levelChannels
    convolution(name + ".input", from: channels, to: widths[0])
    var width = widths[0]
    for (level, next) in widths.enumerated() {
      for block in 0..<layers.blocksPerLevel {
        residualBlock("\(name).levels.\(level).blocks.\(block)", from: width, to: next)
        width = next
      }
      if level + 1 < widths.count {
        convolution("\(name).levels.\(level).downsample", from: width, to: width)
      }
    }
    middle(name, width, layers)
    norm(name + ".norm", width)
    convolution(name + ".output", from: width, to: 2 * latent)
    if layers.hasQuantConvolution {
      convolution(name + ".quant", from: 2 * latent, to: 2 * latent, size: 1)
    }
  }

  fileprivate mutating func declareDecoder(_ layers: KLLayers, from latent: Int, to channels: Int) {
    let name = "autoencoder.decoder"
    let widths = Array(layers.levelChannels.reversed())
    if layers.hasPostQuantConvolution {
      convolution(name + ".post_quant", from: latent, to: latent, size: 1)
    }
    convolution(name + ".input", from: latent, to: widths[0])
    middle(name, widths[0], layers)
    var width = widths[0]
    for (level, next) in widths.enumerated() {
      for block in 0...layers.blocksPerLevel {
        residualBlock("\(name).levels.\(level).blocks.\(block)", from: width, to: next)
        width = next
      }
      if level + 1 < widths.count {
        convolution("\(name).levels.\(level).upsample", from: width, to: width)
      }
    }
    norm(name + ".norm", width)
    convolution(name + ".output", from: width, to: channels)
  }

  private mutating func middle(_ name: String, _ width: Int, _ layers: KLLayers) {
    residualBlock(name + ".middle.blocks.0", from: width, to: width)
    if layers.hasMiddleAttention {
      norm(name + ".middle.attention.norm", width)
      for part in ["query", "key", "value", "projection"] {
        linear("\(name).middle.attention.\(part)", from: width, to: width)
      }
    }
    residualBlock(name + ".middle.blocks.1", from: width, to: width)
  }

  private mutating func residualBlock(_ name: String, from input: Int, to output: Int) {
    norm(name + ".norm_1", input)
    convolution(name + ".convolution_1", from: input, to: output)
    norm(name + ".norm_2", output)
    convolution(name + ".convolution_2", from: output, to: output)
    if input != output { convolution(name + ".shortcut", from: input, to: output, size: 1) }
  }
}

extension DeclarationList {
  fileprivate mutating func declare(_ layers: [TinyLayers.Layer]) {
    for layer in layers {
      switch layer.kind {
      case .convolution(let input, let output, _, let hasBias):
        tensor(
          layer.name + ".weight", [output, input, 3, 3],
          initial: .xavier(from: 9 * input, to: 9 * output))
        if hasBias { tensor(layer.name + ".bias", [output]) }
      case .block(let channels):
        for index in 1...3 {
          convolution("\(layer.name).convolution_\(index)", from: channels, to: channels)
        }
      case .activation, .upsample: break
      }
    }
  }
}
