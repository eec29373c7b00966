import Diagnostics

extension SpecDecoder {
  /// The denoiser of a checked root.
  mutating func denoiser(
    _ root: CheckedMapping, pixels: PixelSpace?, autoencoder: Autoencoder?,
    textEncoder: TextEncoder?, variance: DiffusionSpec.Variance
  ) -> Denoiser {
    let latent = latent(root, pixels: pixels, autoencoder: autoencoder)
    let hasFrames = latent.frames != nil
    let patch = patchSize(root, "patch_size", at: "patch_size", hasFrames: hasFrames)
    let width = integer(root, "latent_dim", at: "latent_dim")
    if width == nil { markInvalid("latent_dim") }
    let embedding = patchEmbedding(root, hasFrames: hasFrames, patch: patch)
    let conditioningMapping = mapping(root, "conditioning", at: "conditioning")
    let conditioning = conditioning(
      conditioningMapping, latentDim: width ?? 1, textEncoder: textEncoder)
    let blocks = BlocksContext(
      root: root, latentDim: width ?? 1, norm: blockNorm(root, conditioningMapping),
      modulation: conditioning.modulation,
      modulated: modulatedSublayers(root, conditioningMapping))
    var denoiser = Denoiser(
      latent: latent, patchSize: patch, patchEmbedding: embedding,
      position: Position(kind: .none, baseSize: [1, 1]), latentDim: width ?? 1,
      conditioning: conditioning, blocks: self.blocks(blocks),
      finalLayer: finalLayer(
        root, blocks, channels: latent.channels * (variance == .learnedRange ? 2 : 1),
        hasFrames: hasFrames, patch: patch, embedding: embedding))
    denoiser.position = position(root, grid: denoiser.grid, hasFrames: hasFrames)
    return denoiser
  }

  private mutating func latent(
    _ root: CheckedMapping, pixels: PixelSpace?, autoencoder: Autoencoder?
  ) -> LatentSpace {
    if root["latent"] != nil {
      guard let latent = mapping(root, "latent", at: "latent") else {
        return LatentSpace(channels: 1, frames: nil, height: 1, width: 1)
      }
      return LatentSpace(
        channels: integer(latent, "channels", at: "latent.channels") ?? 1,
        frames: integer(latent, "frames", at: "latent.frames"),
        height: integer(latent, "height", at: "latent.height") ?? 1,
        width: integer(latent, "width", at: "latent.width") ?? 1)
    }
    let pixelsKey = root["video"] == nil ? "image" : "video"
    let sources = [
      pixelsKey, "autoencoder.kind", autoencoder?.sizePath ?? "autoencoder",
      "autoencoder.latent_channels",
    ]
    if sources.contains(where: { !isValid($0) }) || root["autoencoder"]?.isInvalid == true {
      markInvalid("latent")
    }
    if let pixels, root["autoencoder"] == nil, isValid("autoencoder") {
      if let place = root[pixelsKey]?.place { locations.record("latent", at: place) }
      return pixels.latent
    }
    guard let pixels, let autoencoder else {
      // A missing picture is reported by the autoencoder's rule.
      if root["autoencoder"] == nil {
        report(
          SpecRules.latentMissing, "`latent` is missing",
          help: "add `latent: {channels: 4, height: 32, width: 32}`, or `image` or `video`, with "
            + "an `autoencoder` or without", at: "latent")
      }
      markInvalid("latent")
      return LatentSpace(
        channels: 1, frames: pixels?.frames == nil ? nil : 1, height: 1, width: 1)
    }
    if let place = root["autoencoder"]?.place { locations.record("latent", at: place) }
    return pixels.latent(through: autoencoder)
  }

  private mutating func patchEmbedding(
    _ root: CheckedMapping, hasFrames: Bool, patch: PatchSize
  ) -> PatchEmbedding {
    let standard: [PatchAxis] =
      hasFrames ? [.channel, .frame, .row, .column] : [.channel, .row, .column]
    guard let mapping = mapping(root, "patch_embedding", at: "patch_embedding") else {
      return PatchEmbedding(kind: .linear, order: standard)
    }
    return PatchEmbedding(
      kind: choice(
        mapping, "kind", at: "patch_embedding.kind", as: PatchEmbedding.Kind.self) ?? .linear,
      order: order(
        mapping, "order", at: "patch_embedding.order", hasFrames: hasFrames, patch: patch)
        ?? standard)
  }

  private mutating func position(
    _ root: CheckedMapping, grid: [Int], hasFrames: Bool
  ) -> Position {
    let grid = Array(grid.suffix(2).map { max(1, $0) })
    guard let mapping = mapping(root, "position", at: "position") else {
      return Position(kind: .none, baseSize: grid)
    }
    let name = text(mapping, "kind", at: "position.kind") ?? "none"
    let kind =
      name == "sincos" ? (hasFrames ? .sincos3D : .sincos2D) : Position.Kind(rawValue: name)
    return Position(
      kind: kind ?? .none,
      baseSize: integers(mapping, "base_size", at: "position.base_size") ?? grid,
      interpolationScale: number(
        mapping, "interpolation_scale", at: "position.interpolation_scale") ?? 1,
      temporalInterpolationScale: kind == .sincos3D
        ? number(
          mapping, "temporal_interpolation_scale", at: "position.temporal_interpolation_scale")
          ?? 1
        : 1)
  }

  /// The norm of a block's sublayers: key `norm`, or the same key of the modulation.
  private mutating func blockNorm(
    _ root: CheckedMapping, _ conditioning: CheckedMapping?
  ) -> PlacedNorm {
    var modulation: CheckedMapping?
    if case .mapping(let mapping)? = conditioning?["modulation"]?.content { modulation = mapping }
    let own = root["norm"]
    if let norm = modulation?["norm"] {
      if let own, own.isWritten {
        report(
          SpecRules.contradiction, "`modulation.norm` contradicts `norm`: write one of the two",
          at: norm.place, path: "conditioning.modulation.norm",
          related: [Diagnostic.Related(own.place, "`norm` is written here")])
      } else if let blocks = root["blocks"] {
        report(
          SpecRules.contradiction,
          "`modulation.norm` contradicts `blocks`, whose sublayers have a `norm` each",
          at: norm.place, path: "conditioning.modulation.norm",
          related: [Diagnostic.Related(blocks.place, "`blocks` is written here")])
      }
      return PlacedNorm(
        norm: modulation.flatMap { self.norm($0, "norm", at: "conditioning.modulation.norm") }
          ?? .standard, place: norm.place)
    }
    return PlacedNorm(norm: norm(root, "norm", at: "norm") ?? .standard, place: own?.place)
  }

  /// The kinds of sublayers that `modulation.sublayers` names; nil for all.
  private mutating func modulatedSublayers(
    _ root: CheckedMapping, _ conditioning: CheckedMapping?
  ) -> [String]? {
    guard case .mapping(let modulation)? = conditioning?["modulation"]?.content,
      let sublayers = modulation["sublayers"]
    else { return nil }
    if let blocks = root["blocks"] {
      report(
        SpecRules.contradiction,
        "`modulation.sublayers` contradicts `blocks`, whose sublayers have a key `modulated` each",
        at: sublayers.place, path: "conditioning.modulation.sublayers",
        related: [Diagnostic.Related(blocks.place, "`blocks` is written here")])
    }
    return list(modulation, "sublayers", at: "conditioning.modulation.sublayers")?.compactMap {
      if case .text(let name) = $0.content { return name }
      return nil
    }
  }

  private mutating func report(
    _ rule: Rule, _ message: String, at range: SourceRange, path: String,
    related: [Diagnostic.Related]
  ) {
    diagnostics.append(Diagnostic(rule, message, at: range, related: related, path: path))
    markInvalid(path)
  }

  private mutating func finalLayer(
    _ root: CheckedMapping, _ blocks: BlocksContext, channels: Int, hasFrames: Bool,
    patch: PatchSize, embedding: PatchEmbedding
  ) -> FinalLayer {
    let path = "final_layer"
    let mapping = self.mapping(root, path, at: path)
    let kind =
      mapping.flatMap { choice($0, "kind", at: path + ".kind", as: FinalLayer.Kind.self) }
      ?? .linear
    let lastChannels: [PatchAxis] =
      hasFrames ? [.frame, .row, .column, .channel] : [.row, .column, .channel]
    var result = FinalLayer(
      kind: kind, norm: nil, modulation: [], outChannels: channels,
      order: kind == .none ? embedding.order : lastChannels)
    guard let mapping else { return result }
    result.outChannels = integer(mapping, "out_channels", at: path + ".out_channels") ?? channels
    let givenOrder = order(
      mapping, "order", at: path + ".order", hasFrames: hasFrames, patch: patch)
    if let givenOrder, kind == .linear || mapping["order"]?.isWritten == true {
      result.order = givenOrder
    }
    if kind == .linear {
      result.norm = norm(mapping, "norm", at: path + ".norm") ?? blocks.norm.norm
      result.modulation = finalModulation(mapping, blocks.modulation)
      result.skip = boolean(mapping, "skip", at: path + ".skip") ?? false
    }
    return result
  }

  private mutating func finalModulation(
    _ mapping: CheckedMapping, _ modulation: Modulation?
  ) -> [ModulationChunk] {
    let path = "final_layer.modulation"
    if case CheckedValue.Content.none? = content(mapping, "modulation", at: path) { return [] }
    if let chunks = choices(mapping, "modulation", at: path, as: ModulationChunk.self) {
      return chunks
    }
    switch modulation?.form {
    case .adaln?, .adalnZero?: return [.shift, .scale]
    case .plain?, nil: return []
    }
  }
}

/// A norm with its place.
struct PlacedNorm {
  var norm: Norm?
  var place: SourceRange?
}

/// What the blocks take from elsewhere.
struct BlocksContext {
  var root: CheckedMapping
  var latentDim: Int
  var norm: PlacedNorm
  var modulation: Modulation?
  /// The kinds of sublayers that are modulated; nil for all.
  var modulated: [String]?
}

extension PixelSpace {
  /// The latent of a model without an autoencoder: the pictures themselves.
  package var latent: LatentSpace {
    LatentSpace(channels: channels, frames: frames, height: height, width: width)
  }

  /// The latent that an autoencoder makes of these pictures; extents that do not divide are
  /// rounded down, but never to 0.
  package func latent(through autoencoder: Autoencoder) -> LatentSpace {
    let patch = autoencoder.patchSize
    return LatentSpace(
      channels: autoencoder.latentChannels, frames: frames.map { max(1, $0 / patch.frames) },
      height: max(1, height / patch.height), width: max(1, width / patch.width))
  }
}
