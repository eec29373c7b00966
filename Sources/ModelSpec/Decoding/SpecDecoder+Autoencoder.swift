extension SpecDecoder {
  mutating func autoencoder(_ mapping: CheckedMapping, hasFrames: Bool) -> Autoencoder {
    let path = "autoencoder"
    let kind = choice(mapping, "kind", at: path + ".kind", as: Autoencoder.Kind.self) ?? .linear
    let layers: Autoencoder.Layers =
      switch kind {
      case .linear: .linear(linearLayers(mapping, hasFrames: hasFrames))
      case .kl: .kl(klLayers(mapping))
      case .tiny: .tiny(tinyLayers(mapping))
      }
    let standard: Activation =
      switch kind {
      case .linear: .none
      case .kl: .silu
      case .tiny: .relu
      }
    return Autoencoder(
      layers: layers,
      latentChannels: integer(mapping, "latent_channels", at: path + ".latent_channels") ?? 1,
      activation: choice(
        mapping, "activation", at: path + ".activation", as: Activation.self) ?? standard,
      scaling: LatentScaling(
        factor: number(mapping, "scaling_factor", at: path + ".scaling_factor") ?? 1,
        shift: number(mapping, "shift_factor", at: path + ".shift_factor") ?? 0),
      tiling: tiling(mapping),
      frozen: boolean(mapping, "frozen", at: path + ".frozen") ?? (kind != .linear))
  }

  private mutating func linearLayers(
    _ mapping: CheckedMapping, hasFrames: Bool
  ) -> LinearLayers {
    let patch = patchSize(
      mapping, "patch_size", at: "autoencoder.patch_size", hasFrames: hasFrames)
    return LinearLayers(
      patchSize: patch,
      order: order(
        mapping, "order", at: "autoencoder.order", hasFrames: hasFrames, patch: patch) ?? [])
  }

  private mutating func klLayers(_ mapping: CheckedMapping) -> KLLayers {
    func at(_ key: String) -> String { "autoencoder.\(key)" }
    func flag(_ key: String) -> Bool { boolean(mapping, key, at: at(key)) ?? true }
    return KLLayers(
      levelChannels: integers(mapping, "level_channels", at: at("level_channels")) ?? [1],
      blocksPerLevel: integer(mapping, "blocks_per_level", at: at("blocks_per_level")) ?? 1,
      hasMiddleAttention: flag("middle_attention"),
      hasQuantConvolution: flag("quant_convolution"),
      hasPostQuantConvolution: flag("post_quant_convolution"),
      normGroups: integer(mapping, "norm_groups", at: at("norm_groups")) ?? 1,
      normEpsilon: number(mapping, "norm_epsilon", at: at("norm_epsilon")) ?? 1)
  }

  private mutating func tinyLayers(_ mapping: CheckedMapping) -> TinyLayers {
    TinyLayers(
      channels: integer(mapping, "channels", at: "autoencoder.channels") ?? 1,
      encoderBlocks: integers(mapping, "encoder_blocks", at: "autoencoder.encoder_blocks") ?? [1],
      decoderBlocks: integers(mapping, "decoder_blocks", at: "autoencoder.decoder_blocks") ?? [1])
  }

  private mutating func tiling(_ mapping: CheckedMapping) -> Tiling? {
    let path = "autoencoder.tiling"
    guard let tiling = self.mapping(mapping, "tiling", at: path) else { return nil }
    let size = integer(tiling, "size", at: path + ".size") ?? 1
    return Tiling(
      size: size, overlap: integer(tiling, "overlap", at: path + ".overlap") ?? max(1, size / 4))
  }
}
