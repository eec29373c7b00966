import Documents

extension Autoencoder {
  func canonicalValue(hasFrames: Bool) -> YAMLValue {
    var entries: [(key: String, value: YAMLValue?)] = [("kind", canonicalName(kind))]
    let latent: (key: String, value: YAMLValue?) = ("latent_channels", .integer(latentChannels))
    switch layers {
    case .linear(let layers):
      entries += [
        ("patch_size", layers.patchSize.canonicalValue(hasFrames: hasFrames)),
        ("order", canonicalNames(layers.order)), latent,
      ]
    case .kl(let layers):
      entries += [
        latent, ("level_channels", canonicalIntegers(layers.levelChannels)),
        ("blocks_per_level", .integer(layers.blocksPerLevel)),
        ("middle_attention", .bool(layers.hasMiddleAttention)),
        ("quant_convolution", .bool(layers.hasQuantConvolution)),
        ("post_quant_convolution", .bool(layers.hasPostQuantConvolution)),
        ("norm_groups", .integer(layers.normGroups)),
        ("norm_epsilon", .number(layers.normEpsilon)),
      ]
    case .tiny(let layers):
      entries += [
        latent, ("channels", .integer(layers.channels)),
        ("encoder_blocks", canonicalIntegers(layers.encoderBlocks)),
        ("decoder_blocks", canonicalIntegers(layers.decoderBlocks)),
      ]
    }
    entries += [
      ("activation", canonicalName(activation)), ("scaling_factor", .number(scaling.factor)),
      ("shift_factor", .number(scaling.shift)),
    ]
    if isConvolutional {
      entries.append(
        (
          "tiling",
          tiling.map {
            canonicalMapping([("size", .integer($0.size)), ("overlap", .integer($0.overlap))])
          } ?? .plain("none")
        ))
    }
    return canonicalMapping(entries + [("frozen", .bool(frozen))])
  }
}

private func canonicalIntegers(_ values: [Int]) -> YAMLValue {
  .sequence(values.map(YAMLValue.integer))
}
