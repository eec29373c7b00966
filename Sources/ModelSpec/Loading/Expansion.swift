import Documents
import Tensors

/// The canonical form of a spec as YAML: every key present, the blocks spelled out.
///
/// Loading the text gives an equal spec, and expanding that the same text.
package func expand(_ spec: ModelSpec) -> String { spec.canonicalValue.document }

extension ModelSpec {
  var canonicalValue: YAMLValue {
    var entries: [(key: String, value: YAMLValue?)] = [
      ("ditharos", .integer(Grammar.version)), ("name", .text(name)),
      ("preset", denoiser == nil ? nil : .plain("none")),
    ]
    if let pixels {
      entries.append((pixels.frames == nil ? "image" : "video", pixels.canonicalValue))
    }
    let hasFrames = pixels?.frames != nil
    entries.append(("autoencoder", autoencoder?.canonicalValue(hasFrames: hasFrames)))
    entries.append(("text_encoder", textEncoder?.canonicalValue))
    entries += denoiser?.canonicalEntries ?? []
    entries.append(("diffusion", diffusion?.canonicalValue))
    entries.append(("training", training?.canonicalValue))
    entries.append(("example", example?.canonicalValue(pixels)))
    if !parameters.isEmpty {
      entries.append(
        ("parameters", .mapping(parameters.map { ($0.name, canonicalNumbers($0.value)) })))
    }
    entries.append(
      (
        "weights",
        weights.map {
          canonicalMapping([("layout", .plain($0.layout)), ("file", $0.file.map(YAMLValue.text))])
        }
      ))
    entries.append(("limits", limits?.canonicalValue))
    return canonicalMapping(entries)
  }
}

extension PixelSpace {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("frames", frames.map(YAMLValue.integer)), ("height", .integer(height)),
      ("width", .integer(width)), ("channels", .integer(channels)),
      ("range", .sequence([.number(range.lowerBound), .number(range.upperBound)])),
    ])
  }
}

extension PatchSize {
  func canonicalValue(hasFrames: Bool) -> YAMLValue {
    .sequence(((hasFrames ? [frames] : []) + [height, width]).map(YAMLValue.integer))
  }
}

extension Example {
  func canonicalValue(_ pixels: PixelSpace?) -> YAMLValue {
    canonicalMapping([
      ("prompt", prompt.map(YAMLValue.text)), ("label", label.map(YAMLValue.integer)),
      ("timestep", timestep.map(YAMLValue.integer)),
      (pixels?.frames == nil ? "image" : "video", self.pixels.map(canonicalNumbers)),
      ("noise", noise.map(canonicalNumbers)),
      ("published", published.isEmpty ? nil : .sequence(published.map(YAMLValue.text))),
    ])
  }
}

extension Limits {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("peak_memory", peakMemory.map(YAMLValue.integer)),
      ("parameters", parameters.map(YAMLValue.integer)),
      ("macs_per_step", macsPerStep.map(YAMLValue.integer)),
    ])
  }
}
