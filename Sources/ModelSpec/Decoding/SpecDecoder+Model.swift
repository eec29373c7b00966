import Diagnostics

extension SpecDecoder {
  /// The model of a checked root, without the values of `example` and `parameters`.
  mutating func model(_ root: CheckedMapping, hasDenoiser: Bool) -> ModelSpec {
    var spec = ModelSpec(name: text(root, "name", at: "name") ?? "")
    spec.pixels = pixels(root)
    spec.autoencoder = mapping(root, "autoencoder", at: "autoencoder").map {
      autoencoder($0, hasFrames: spec.pixels?.frames != nil)
    }
    spec.textEncoder = mapping(root, "text_encoder", at: "text_encoder").map { textEncoder($0) }
    spec.diffusion = mapping(root, "diffusion", at: "diffusion").map { diffusion($0) }
    if hasDenoiser {
      spec.denoiser = denoiser(
        root, pixels: spec.pixels, autoencoder: spec.autoencoder,
        textEncoder: spec.textEncoder, variance: spec.diffusion?.variance ?? .none)
      if spec.diffusion?.guidanceChannels == nil {
        spec.diffusion?.guidanceChannels = spec.denoiser?.latent.channels
      }
    }
    spec.training = mapping(root, "training", at: "training").map {
      training($0, spec.diffusion)
    }
    spec.weights = mapping(root, "weights", at: "weights").map { weights in
      WeightsReference(
        layout: text(weights, "layout", at: "weights.layout") ?? "ditharos",
        file: text(weights, "file", at: "weights.file"))
    }
    spec.limits = mapping(root, "limits", at: "limits").map { limits in
      Limits(
        peakMemory: integer(limits, "peak_memory", at: "limits.peak_memory"),
        parameters: integer(limits, "parameters", at: "limits.parameters"),
        macsPerStep: integer(limits, "macs_per_step", at: "limits.macs_per_step"))
    }
    return spec
  }

  private mutating func pixels(_ root: CheckedMapping) -> PixelSpace? {
    let key = root["video"] == nil ? "image" : "video"
    guard let pixels = mapping(root, key, at: key) else { return nil }
    var range = -1.0...1.0
    if let bounds = list(pixels, "range", at: "\(key).range") {
      let numbers = bounds.compactMap { element in
        if case .number(let value) = element.content { return value }
        return Double?.none
      }
      if numbers.count == 2, numbers[0] < numbers[1] {
        range = numbers[0]...numbers[1]
      } else {
        report(
          SpecRules.pixelRange,
          "the brightest pixel's value is not above the darkest's in `\(key).range`",
          help: "write the value of black first, as in [-1, 1]", at: "\(key).range")
      }
    }
    return PixelSpace(
      frames: key == "video" ? integer(pixels, "frames", at: "\(key).frames") ?? 1 : nil,
      height: integer(pixels, "height", at: "\(key).height") ?? 1,
      width: integer(pixels, "width", at: "\(key).width") ?? 1,
      channels: integer(pixels, "channels", at: "\(key).channels") ?? 1, range: range)
  }
}
