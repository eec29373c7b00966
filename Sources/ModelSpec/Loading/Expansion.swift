import Documents
import Schedules
import Tensors

/// The canonical form of a spec as YAML: every key present, the blocks spelled out.
///
/// Loading the text gives an equal spec, and expanding that the same text.
package func expand(_ spec: ModelSpec) -> String { spec.canonicalValue.document }

/// Entries of a mapping without those whose value is nil.
private func mapping(_ entries: [(key: String, value: YAMLValue?)]) -> YAMLValue {
  .mapping(entries.compactMap { entry in entry.value.map { (entry.key, $0) } })
}

private func word<Value: RawRepresentable>(_ value: Value) -> YAMLValue
where Value.RawValue == String {
  .plain(value.rawValue)
}

private func names<Value: RawRepresentable>(_ values: [Value]) -> YAMLValue
where Value.RawValue == String {
  .sequence(values.map(word))
}

private func numbers(_ tensor: Tensor) -> YAMLValue {
  nested(tensor.values[...], tensor.shape.dimensions[...])
}

private func nested(_ values: ArraySlice<Float>, _ dimensions: ArraySlice<Int>) -> YAMLValue {
  guard let extent = dimensions.first else { return .number(values.first ?? 0) }
  let size = values.count / extent
  return .sequence(
    (0..<extent).map { index in
      let start = values.startIndex + index * size
      return nested(values[start..<(start + size)], dimensions.dropFirst())
    })
}

extension ModelSpec {
  fileprivate var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)] = [
      ("ditharos", .integer(Grammar.version)), ("name", .text(name)),
      ("preset", denoiser == nil ? nil : .plain("none")),
    ]
    if let pixels {
      entries.append((pixels.frames == nil ? "image" : "video", pixels.canonicalValue))
    }
    let hasFrames = pixels?.frames != nil
    entries.append(("autoencoder", autoencoder?.canonicalValue(hasFrames: hasFrames)))
    entries += denoiser?.canonicalEntries ?? []
    entries.append(("diffusion", diffusion?.canonicalValue))
    entries.append(("training", training?.canonicalValue))
    entries.append(("example", example?.canonicalValue(pixels)))
    if !parameters.isEmpty {
      entries.append(
        ("parameters", .mapping(parameters.map { ($0.name, numbers($0.value)) })))
    }
    entries.append(
      (
        "weights",
        weights.map {
          mapping([("layout", .plain($0.layout)), ("file", $0.file.map(YAMLValue.text))])
        }
      ))
    entries.append(("limits", limits?.canonicalValue))
    return mapping(entries)
  }
}

extension PixelSpace {
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("frames", frames.map(YAMLValue.integer)), ("height", .integer(height)),
      ("width", .integer(width)), ("channels", .integer(channels)),
      ("range", .sequence([.number(range.lowerBound), .number(range.upperBound)])),
    ])
  }
}

extension PatchSize {
  fileprivate func canonicalValue(hasFrames: Bool) -> YAMLValue {
    .sequence(((hasFrames ? [frames] : []) + [height, width]).map(YAMLValue.integer))
  }
}

extension Autoencoder {
  fileprivate func canonicalValue(hasFrames: Bool) -> YAMLValue {
    mapping([
      ("kind", word(kind)), ("patch_size", patchSize.canonicalValue(hasFrames: hasFrames)),
      ("order", names(order)), ("latent_channels", .integer(latentChannels)),
      ("activation", word(activation)), ("frozen", .bool(frozen)),
    ])
  }
}

extension Denoiser {
  fileprivate var canonicalEntries: [(key: String, value: YAMLValue?)] {
    [
      ("latent", latent.canonicalValue),
      ("patch_size", patchSize.canonicalValue(hasFrames: latent.frames != nil)),
      (
        "patch_embedding",
        mapping([
          ("kind", word(patchEmbedding.kind)), ("order", names(patchEmbedding.order)),
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
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("channels", .integer(channels)), ("frames", frames.map(YAMLValue.integer)),
      ("height", .integer(height)), ("width", .integer(width)),
    ])
  }
}

extension Position {
  fileprivate var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)] = [("kind", word(kind))]
    switch kind {
    case .none, .sincos1D: break
    case .sincos2D, .sincos3D:
      entries.append(("base_size", .sequence(baseSize.map(YAMLValue.integer))))
      entries.append(("interpolation_scale", .number(interpolationScale)))
    }
    if kind == .sincos3D {
      entries.append(("temporal_interpolation_scale", .number(temporalInterpolationScale)))
    }
    return mapping(entries)
  }
}

extension Conditioning {
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("prompt", prompt?.canonicalValue ?? .plain("none")),
      (
        "label",
        label.map {
          mapping([("classes", .integer($0.classes)), ("dropout", .number($0.dropout))])
        } ?? .plain("none")
      ),
      ("timestep", timestep?.canonicalValue ?? .plain("none")),
      ("combine", word(combine)), ("embedders", word(embedders)),
      (
        "modulation",
        modulation.map {
          mapping([
            ("form", word($0.form)), ("order", names($0.order)),
            ("activation", word($0.activation)),
          ])
        } ?? .plain("none")
      ),
    ])
  }
}

extension PromptCondition {
  fileprivate var canonicalValue: YAMLValue {
    let words: YAMLValue =
      tableIsLearned
      ? .sequence(vocabulary.map { .text($0.text) })
      : .mapping(
        vocabulary.map { word in
          (word.text, .sequence((word.vector ?? []).map { YAMLValue.number($0) }))
        })
    return mapping([
      ("embedding", .plain("words")), ("length", .integer(length)),
      ("unknown", word(unknown)), ("vocabulary", words), ("width", .integer(width)),
      ("dropout", .number(dropout)),
    ])
  }
}

extension TimestepCondition {
  fileprivate var canonicalValue: YAMLValue {
    switch self {
    case .binary(let bits): mapping([("encoding", .plain("binary")), ("bits", .integer(bits))])
    case .sinusoidal(let sinusoid):
      mapping([
        ("encoding", .plain("sinusoidal")), ("width", .integer(sinusoid.width)),
        ("order", word(sinusoid.order)),
        ("frequency_shift", .number(sinusoid.frequencyShift)),
        ("max_period", .number(sinusoid.maxPeriod)),
        ("activation", word(sinusoid.activation)),
      ])
    }
  }
}

extension Optional where Wrapped == Norm {
  fileprivate var canonicalValue: YAMLValue {
    map { mapping([("kind", .plain("layer")), ("epsilon", .number($0.epsilon))]) }
      ?? .plain("none")
  }
}

extension BlockGroup {
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("repeat", .integer(repeatCount)), ("sublayers", .sequence(sublayers.map(\.canonicalValue))),
    ])
  }
}

extension Sublayer {
  fileprivate var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)]
    switch operation {
    case .attention(let attention):
      entries = [
        ("kind", .plain("attention")), ("name", .text(name)),
        ("heads", .integer(attention.heads)), ("map", word(attention.map)),
        ("value", word(attention.value)),
        ("projection", word(attention.projection)),
      ]
    case .feedForward(let feedForward):
      entries = [("kind", .plain("feed_forward")), ("name", .text(name))]
      switch feedForward.layers {
      case .linear: entries.append(("layers", .plain("linear")))
      case .mlp(let hidden, let activation):
        entries += [
          ("layers", .plain("mlp")), ("hidden", .integer(hidden)),
          ("activation", word(activation)),
        ]
      }
    }
    return mapping(
      entries + [
        ("norm", norm.canonicalValue), ("modulated", .bool(modulated)),
        ("residual", .bool(residual)),
      ])
  }
}

extension FinalLayer {
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("kind", word(kind)), ("norm", kind == .none ? nil : norm.canonicalValue),
      (
        "modulation",
        kind == .none ? nil : modulation.isEmpty ? .plain("none") : names(modulation)
      ),
      ("out_channels", .integer(outChannels)), ("order", names(order)),
    ])
  }
}

extension DiffusionSpec {
  fileprivate var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)] = [
      ("schedule", schedule?.canonicalValue), ("prediction", word(prediction)),
      ("variance", word(variance)), ("sampler", .plain(sampler.name)),
    ]
    switch sampler {
    case .subtract(let start): entries.append(("start", .integer(start)))
    case .ddim(let settings):
      entries += [
        ("spacing", word(settings.spacing)),
        ("steps_offset", .integer(settings.stepsOffset)),
        ("set_alpha_to_one", .bool(settings.setAlphaToOne)),
      ]
    }
    return mapping(entries + [("steps", .integer(steps)), ("guidance", .number(guidance))])
  }
}

extension NoiseSchedule {
  fileprivate var canonicalValue: YAMLValue {
    let hasBetas = curve != .squaredCosine
    return mapping([
      ("curve", word(curve)), ("train_steps", .integer(trainSteps)),
      ("beta_start", hasBetas ? .number(betaStart) : nil),
      ("beta_end", hasBetas ? .number(betaEnd) : nil),
    ])
  }
}

extension TrainingSpec {
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("loss", word(loss)),
      (
        "optimizer",
        mapping([("kind", .plain("sgd")), ("learning_rate", .number(learningRate))])
      ),
    ])
  }
}

extension Example {
  fileprivate func canonicalValue(_ pixels: PixelSpace?) -> YAMLValue {
    mapping([
      ("prompt", prompt.map(YAMLValue.text)), ("label", label.map(YAMLValue.integer)),
      ("timestep", timestep.map(YAMLValue.integer)),
      (pixels?.frames == nil ? "image" : "video", self.pixels.map(numbers)),
      ("noise", noise.map(numbers)),
      ("published", published.isEmpty ? nil : .sequence(published.map(YAMLValue.text))),
    ])
  }
}

extension Limits {
  fileprivate var canonicalValue: YAMLValue {
    mapping([
      ("peak_memory", peakMemory.map(YAMLValue.integer)),
      ("parameters", parameters.map(YAMLValue.integer)),
      ("macs_per_step", macsPerStep.map(YAMLValue.integer)),
    ])
  }
}
