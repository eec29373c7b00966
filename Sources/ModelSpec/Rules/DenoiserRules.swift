import Diagnostics

extension SpecDecoder {
  /// The rules of patches, positions, blocks and the final layer.
  mutating func checkDenoiser(_ denoiser: Denoiser) {
    patchDivides(denoiser)
    embeddingWidth(denoiser)
    finalWidth(denoiser)
    position(denoiser)
    for (groupIndex, group) in denoiser.blocks.enumerated() {
      sublayerNames(group, at: "blocks[\(groupIndex)]")
      for (index, sublayer) in group.sublayers.enumerated() {
        if case .attention(let attention) = sublayer.operation {
          heads(
            attention, latentDim: denoiser.latentDim,
            at: "blocks[\(groupIndex)].sublayers[\(index)]")
        }
      }
    }
    finalModulation(denoiser)
  }

  private mutating func patchDivides(_ denoiser: Denoiser) {
    guard isValid("patch_size"), isValid("latent") else { return }
    let (latent, patch) = (denoiser.latent, denoiser.patchSize)
    // Later products of a patch's extents and its channels fit in 64 bits.
    if patch.area > 1 << 24 {
      report(
        SpecRules.range,
        "a patch has \(grouped(patch.area)) positions, expected at most "
          + grouped(1 << 24), at: "patch_size")
      return
    }
    for (name, extent, part) in [
      ("frames", latent.frames ?? 1, patch.frames), ("height", latent.height, patch.height),
      ("width", latent.width, patch.width),
    ] where extent % part != 0 {
      report(
        SpecRules.patchDivides, "a patch of \(part) does not divide the latent's \(name) \(extent)",
        help: divisorHelp(extent, near: part), at: "patch_size",
        related: [("latent.\(name)", "the latent's \(name) is set here")],
        suggestion: nearestPatch(patch, of: latent))
    }
  }

  /// The patch size nearest to a square one that divides a latent; nil for other patches.
  private func nearestPatch(_ patch: PatchSize, of latent: LatentSpace) -> String? {
    guard patch.frames == 1, patch.height == patch.width else { return nil }
    var (common, rest) = (latent.height, latent.width)
    while rest != 0 { (common, rest) = (rest, common % rest) }
    return String(nearestDivisor(of: common, to: patch.height))
  }

  private mutating func embeddingWidth(_ denoiser: Denoiser) {
    guard denoiser.patchEmbedding.kind == .none,
      ["patch_embedding", "patch_size", "latent", "latent_dim"].allSatisfy(isValid)
    else { return }
    let width = denoiser.latent.channels * denoiser.patchSize.area
    if width != denoiser.latentDim {
      report(
        SpecRules.embeddingWidth,
        "without a patch embedding a token is a patch of \(width) values, but `latent_dim` is "
          + "\(denoiser.latentDim)",
        help: "write `latent_dim: \(width)`, or `patch_embedding: linear`", at: "latent_dim",
        related: [("patch_embedding", "there is no patch embedding")], suggestion: String(width))
    }
  }

  private mutating func finalWidth(_ denoiser: Denoiser) {
    guard denoiser.finalLayer.kind == .none,
      ["final_layer", "patch_size", "latent", "latent_dim"].allSatisfy(isValid)
    else { return }
    let width = denoiser.finalLayer.outChannels * denoiser.patchSize.area
    if width != denoiser.latentDim {
      report(
        SpecRules.finalWidth,
        "without a final layer a patch of the prediction, \(width) values, is a token, but "
          + "`latent_dim` is \(denoiser.latentDim)",
        help: "write `latent_dim: \(width)`, or `final_layer: linear`", at: "final_layer",
        related: [("latent_dim", "`latent_dim` is set here")])
    }
  }

  private mutating func position(_ denoiser: Denoiser) {
    guard isValid("position"), isValid("latent_dim") else { return }
    let divisor: Int
    switch denoiser.position.kind {
    case .none: return
    case .sincos1D: divisor = 2
    case .sincos2D: divisor = 4
    case .sincos3D:
      divisor = 16
      if denoiser.latent.frames == nil, isValid("latent") {
        report(
          SpecRules.positionAxes, "`sincos_3d` needs frames, but the latent is a picture's",
          help: "write `position: sincos_2d`", at: "position", suggestion: "sincos_2d")
        return
      }
    }
    if denoiser.latentDim % divisor != 0 {
      let nearest = max(divisor, (denoiser.latentDim + divisor / 2) / divisor * divisor)
      report(
        SpecRules.positionWidth,
        "`\(denoiser.position.kind.rawValue)` needs a `latent_dim` that \(divisor) divides, not "
          + "\(denoiser.latentDim)",
        help: "write `latent_dim: \(nearest)`, or `position: none`", at: "latent_dim",
        related: [("position", "the position table is chosen here")],
        suggestion: String(nearest))
    }
  }

  private mutating func heads(_ attention: SelfAttention, latentDim: Int, at path: String) {
    guard isValid(path + ".heads") else { return }
    if attention.map == .given, isValid(path + ".map") {
      if attention.heads != 1 {
        report(
          SpecRules.givenMapHeads,
          "attention with a given map has one head, not \(attention.heads)",
          help: "write `heads: 1`", at: path + ".heads",
          related: [(path + ".map", "the map is given here")], suggestion: "1")
      }
      return
    }
    guard isValid("latent_dim"), latentDim % attention.heads != 0 else { return }
    report(
      SpecRules.headsDivideWidth,
      "heads \(attention.heads) does not divide latent_dim \(latentDim)",
      help: divisorHelp(latentDim, near: attention.heads), at: path + ".heads",
      related: [("latent_dim", "`latent_dim` is set here")],
      suggestion: String(nearestDivisor(of: latentDim, to: attention.heads)))
  }

  private mutating func sublayerNames(_ group: BlockGroup, at path: String) {
    var seen: [String: Int] = [:]
    for (index, sublayer) in group.sublayers.enumerated() {
      let name = sublayer.name
      let sublayerPath = "\(path).sublayers[\(index)]"
      guard isValid(sublayerPath + ".name"), isValid(sublayerPath + ".kind") else { continue }
      if let first = seen[name] {
        report(
          SpecRules.sublayerName, "two sublayers of a block have the name `\(name)`",
          help: "give them a `name` each", at: sublayerPath + ".name",
          related: [("\(path).sublayers[\(first)].name", "the first is here")])
      } else if name.contains(".") || ["modulation", "conditioning"].contains(name) {
        report(
          SpecRules.sublayerName,
          name.contains(".")
            ? "the name of a sublayer, `\(name)`, holds a point"
            : "a block has a layer `\(name)` beside its sublayers",
          help: "choose another name", at: sublayerPath + ".name")
      }
      seen[name] = seen[name] ?? index
    }
  }

  private mutating func finalModulation(_ denoiser: Denoiser) {
    let path = "final_layer.modulation"
    let chunks = denoiser.finalLayer.modulation
    guard !chunks.isEmpty, isValid(path), isValid("conditioning.modulation") else { return }
    if Set(chunks) != [.shift, .scale] || chunks.count != 2 {
      report(
        SpecRules.chunkOrder,
        "`modulation` is [\(chunks.map(\.rawValue).joined(separator: ", "))], expected `shift` "
          + "and `scale` once each", help: "write [shift, scale]", at: path,
        suggestion: "[shift, scale]")
    } else if denoiser.conditioning.modulation == nil {
      report(
        SpecRules.modulationWithoutCondition,
        "the final layer is modulated, but `conditioning.modulation` is none",
        help: "write `conditioning: {modulation: adaln}`, or `modulation: none` here", at: path)
    }
  }
}
