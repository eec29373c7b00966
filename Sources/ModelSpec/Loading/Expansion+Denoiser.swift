import Documents

extension Denoiser {
  var canonicalEntries: [(key: String, value: YAMLValue?)] {
    [
      ("latent", latent.canonicalValue),
      ("patch_size", patchSize.canonicalValue(hasFrames: latent.frames != nil)),
      (
        "patch_embedding",
        canonicalMapping([
          ("kind", canonicalName(patchEmbedding.kind)),
          ("order", canonicalNames(patchEmbedding.order)),
        ])
      ),
      ("position", position.canonicalValue), ("latent_dim", .integer(latentDim)),
      ("conditioning", conditioning.canonicalValue),
      ("blocks", .sequence(blocks.map(\.canonicalValue))),
      ("final_layer", finalLayer.canonicalValue),
    ]
  }
}

extension LatentSpace {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("channels", .integer(channels)), ("frames", frames.map(YAMLValue.integer)),
      ("height", .integer(height)), ("width", .integer(width)),
    ])
  }
}

extension Position {
  var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)] = [("kind", canonicalName(kind))]
    switch kind {
    case .none, .sincos1D: break
    case .sincos2D, .sincos3D:
      entries.append(("base_size", .sequence(baseSize.map(YAMLValue.integer))))
      entries.append(("interpolation_scale", .number(interpolationScale)))
    }
    if kind == .sincos3D {
      entries.append(("temporal_interpolation_scale", .number(temporalInterpolationScale)))
    }
    return canonicalMapping(entries)
  }
}

extension Conditioning {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("prompt", prompt?.canonicalValue ?? .plain("none")),
      (
        "label",
        label?.canonicalValue ?? .plain("none")
      ),
      ("timestep", timestep?.canonicalValue ?? .plain("none")),
      ("combine", canonicalName(combine)), ("embedders", canonicalName(embedders)),
      (
        "modulation",
        modulation.map {
          canonicalMapping([
            ("form", canonicalName($0.form)), ("order", canonicalNames($0.order)),
            ("activation", canonicalName($0.activation)),
          ])
        } ?? .plain("none")
      ),
    ])
  }
}

extension TextEncoder {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("kind", .plain("transformer")), ("width", .integer(width)), ("depth", .integer(depth)),
      ("heads", .integer(heads)), ("hidden", .integer(hidden)),
      ("activation", canonicalName(activation)), ("norm_epsilon", .number(normEpsilon)),
      ("length", .integer(length)), ("unknown", canonicalName(unknown)),
      ("vocabulary", .sequence(vocabulary.map(YAMLValue.text))),
    ])
  }
}

extension PromptCondition {
  var canonicalValue: YAMLValue {
    if embedding == .textEncoder {
      return canonicalMapping([
        ("embedding", canonicalName(embedding)), ("dropout", .number(dropout)),
      ])
    }
    let words: YAMLValue =
      tableIsLearned
      ? .sequence(vocabulary.map { .text($0.text) })
      : .mapping(
        vocabulary.map { word in
          (word.text, .sequence((word.vector ?? []).map { YAMLValue.number($0) }))
        })
    return canonicalMapping([
      ("embedding", canonicalName(embedding)), ("length", .integer(length)),
      ("unknown", canonicalName(unknown)), ("vocabulary", words), ("width", .integer(width)),
      ("dropout", .number(dropout)),
    ])
  }
}

extension TimestepCondition {
  var canonicalValue: YAMLValue {
    switch self {
    case .binary(let bits):
      canonicalMapping([("encoding", .plain("binary")), ("bits", .integer(bits))])
    case .sinusoidal(let sinusoid):
      canonicalMapping([
        ("encoding", .plain("sinusoidal")), ("width", .integer(sinusoid.width)),
        ("order", canonicalName(sinusoid.order)),
        ("frequency_shift", .number(sinusoid.frequencyShift)),
        ("max_period", .number(sinusoid.maxPeriod)),
        ("activation", canonicalName(sinusoid.activation)),
      ])
    }
  }
}

extension Optional where Wrapped == Norm {
  var canonicalValue: YAMLValue {
    map { canonicalMapping([("kind", .plain("layer")), ("epsilon", .number($0.epsilon))]) }
      ?? .plain("none")
  }
}

extension BlockGroup {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("repeat", .integer(repeatCount)), ("sublayers", .sequence(sublayers.map(\.canonicalValue))),
    ])
  }
}

extension Sublayer {
  var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)]
    switch operation {
    case .attention(let attention):
      entries = [
        ("kind", .plain("attention")), ("name", .text(name)),
        ("heads", .integer(attention.heads)), ("map", canonicalName(attention.map)),
        ("value", canonicalName(attention.value)),
        ("projection", canonicalName(attention.projection)),
      ]
    case .crossAttention(let attention):
      entries = [
        ("kind", .plain("cross_attention")), ("name", .text(name)),
        ("heads", .integer(attention.heads)),
      ]
    case .feedForward(let feedForward):
      entries = [("kind", .plain("feed_forward")), ("name", .text(name))]
      switch feedForward.layers {
      case .linear: entries.append(("layers", .plain("linear")))
      case .mlp(let hidden, let activation):
        entries += [
          ("layers", .plain("mlp")), ("hidden", .integer(hidden)),
          ("activation", canonicalName(activation)),
        ]
      }
    }
    return canonicalMapping(
      entries + [
        ("norm", norm.canonicalValue), ("modulated", .bool(modulated)),
        ("residual", .bool(residual)),
      ])
  }
}

extension FinalLayer {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("kind", canonicalName(kind)), ("norm", kind == .none ? nil : norm.canonicalValue),
      (
        "modulation",
        kind == .none ? nil : modulation.isEmpty ? .plain("none") : canonicalNames(modulation)
      ),
      ("out_channels", .integer(outChannels)), ("order", canonicalNames(order)),
      ("skip", kind == .none ? nil : .bool(skip)),
    ])
  }
}

extension LabelCondition {
  fileprivate var canonicalValue: YAMLValue {
    canonicalMapping([
      ("classes", .integer(classes)), ("dropout", .number(dropout)),
      (
        "names",
        names.isEmpty
          ? nil : .mapping(names.map { (key: String($0.number), value: .text($0.text)) })
      ),
      ("names_file", namesFile.map(YAMLValue.text)),
    ])
  }
}
