import Diagnostics

extension SpecDecoder {
  /// The stack: key `blocks`, or `depth` blocks of an attention and a feed-forward part.
  mutating func blocks(_ context: BlocksContext) -> [BlockGroup] {
    guard context.root["blocks"] != nil else { return [standardGroup(context)] }
    guard case .list(let groups)? = content(context.root, "blocks", at: "blocks") else { return [] }
    return groups.enumerated().map { index, value in
      let path = "blocks[\(index)]"
      locations.record(path, at: value.place)
      guard case .mapping(let mapping) = value.content else {
        markInvalid(path)
        return BlockGroup(repeatCount: 1, sublayers: [])
      }
      let count = integer(mapping, "repeat", at: path + ".repeat") ?? 1
      guard case .list(let sublayers)? = content(mapping, "sublayers", at: path + ".sublayers")
      else { return BlockGroup(repeatCount: count, sublayers: []) }
      return BlockGroup(
        repeatCount: count,
        sublayers: sublayers.enumerated().compactMap { index, value in
          let path = "\(path).sublayers[\(index)]"
          locations.record(path, at: value.place)
          guard case .mapping(let mapping) = value.content else {
            markInvalid(path)
            return nil
          }
          return sublayer(mapping, context, at: path)
        })
    }
  }

  private mutating func sublayer(
    _ mapping: CheckedMapping, _ context: BlocksContext, at path: String
  ) -> Sublayer? {
    guard let kind = text(mapping, "kind", at: path + ".kind") else {
      markInvalid(path)
      return nil
    }
    let operation: Sublayer.Operation
    switch kind {
    case "attention":
      let heads = integer(mapping, "heads", at: path + ".heads") ?? 1
      operation = .attention(attention(mapping, heads: heads, at: path))
    case "cross_attention": operation = .crossAttention(crossAttention(mapping, at: path))
    default:
      operation = .feedForward(
        FeedForward(layers: layers(mapping, "layers", latentDim: context.latentDim, at: path)))
    }
    let isModulatedByDefault = kind != "cross_attention" && context.modulation != nil
    return Sublayer(
      name: text(mapping, "name", at: path + ".name") ?? kind, operation: operation,
      norm: norm(mapping, "norm", at: path + ".norm") ?? .standard,
      modulated: boolean(mapping, "modulated", at: path + ".modulated")
        ?? isModulatedByDefault,
      residual: boolean(mapping, "residual", at: path + ".residual") ?? true)
  }

  private mutating func standardGroup(_ context: BlocksContext) -> BlockGroup {
    let root = context.root
    let depth = integer(root, "depth", at: "blocks[0].repeat")
    if depth == nil { markInvalid("blocks[0].repeat") }
    for path in ["blocks", "blocks[0]"] {
      if let place = root["depth"]?.place { locations.record(path, at: place) }
    }
    let attentionPath = "blocks[0].sublayers[0]"
    let attentionMapping = mapping(root, "attention", at: attentionPath)
    let heads = integer(root, "heads", at: attentionPath + ".heads")
    let attention =
      attentionMapping.map { self.attention($0, heads: heads ?? 1, at: attentionPath) }
      ?? SelfAttention(heads: heads ?? 1, map: .computed, value: .linear, projection: .linear)
    if heads == nil, attention.map == .computed { markInvalid(attentionPath + ".heads") }
    let crossAttention = standardCrossAttention(context, at: "blocks[0].sublayers[1]")
    let feedForwardPath = "blocks[0].sublayers[\(crossAttention == nil ? 1 : 2)]"
    let feedForwardMapping = mapping(root, "feed_forward", at: feedForwardPath)
    let layers =
      feedForwardMapping.map {
        self.layers($0, "kind", latentDim: context.latentDim, at: feedForwardPath)
      } ?? .mlp(hidden: 4 * context.latentDim, activation: .geluTanh)
    return BlockGroup(
      repeatCount: depth ?? 1,
      sublayers: [
        standardSublayer(
          "attention", .attention(attention), attentionMapping, context, at: attentionPath),
        crossAttention,
        standardSublayer(
          "feed_forward", .feedForward(FeedForward(layers: layers)), feedForwardMapping, context,
          at: feedForwardPath),
      ].compactMap(\.self))
  }

  /// The cross-attention of every block; nil without the key.
  private mutating func standardCrossAttention(
    _ context: BlocksContext, at path: String
  ) -> Sublayer? {
    guard let mapping = mapping(context.root, "cross_attention", at: path) else { return nil }
    var sublayer = standardSublayer(
      "cross_attention", .crossAttention(crossAttention(mapping, at: path)), mapping, context,
      at: path)
    sublayer.modulated = false
    return sublayer
  }

  private mutating func crossAttention(
    _ mapping: CheckedMapping, at path: String
  ) -> CrossAttention {
    CrossAttention(heads: integer(mapping, "heads", at: path + ".heads") ?? 1)
  }

  private mutating func standardSublayer(
    _ name: String, _ operation: Sublayer.Operation, _ mapping: CheckedMapping?,
    _ context: BlocksContext, at path: String
  ) -> Sublayer {
    if let place = context.norm.place { locations.record(path + ".norm", at: place) }
    return Sublayer(
      name: name, operation: operation,
      norm: mapping.flatMap { norm($0, "norm", at: path + ".norm") } ?? context.norm.norm,
      modulated: context.modulation != nil && context.modulated?.contains(name) ?? true,
      residual: mapping.flatMap { boolean($0, "residual", at: path + ".residual") } ?? true)
  }

  private mutating func attention(
    _ mapping: CheckedMapping, heads: Int, at path: String
  ) -> SelfAttention {
    SelfAttention(
      heads: heads,
      map: choice(mapping, "map", at: path + ".map", as: SelfAttention.Map.self) ?? .computed,
      value: choice(mapping, "value", at: path + ".value", as: SelfAttention.Layer.self)
        ?? .linear,
      projection: choice(
        mapping, "projection", at: path + ".projection", as: SelfAttention.Layer.self) ?? .linear)
  }

  /// The layers of a feed-forward part, whose kind stands under `key`.
  private mutating func layers(
    _ mapping: CheckedMapping, _ key: String, latentDim: Int, at path: String
  ) -> FeedForward.Layers {
    let isLinear = text(mapping, key, at: path + ".layers") == "linear"
    if isLinear {
      for name in ["hidden", "activation"] where mapping[name]?.isWritten == true {
        _ = content(mapping, name, at: "\(path).\(name)")
        report(
          SpecRules.inapplicableKey, "`\(name)` does not apply with `\(key): linear`",
          help: "it applies with `\(key): mlp`", at: "\(path).\(name)")
      }
      return .linear
    }
    var hidden = integer(mapping, "hidden", at: path + ".hidden") ?? 4 * latentDim
    if let ratio = number(mapping, "ratio", at: path + ".hidden") {
      hidden = max(1, Int((ratio * Double(latentDim)).rounded()))
    }
    return .mlp(
      hidden: hidden,
      activation: choice(
        mapping, "activation", at: path + ".activation", as: Activation.self) ?? .geluTanh)
  }
}
