import Diagnostics
import Tensors

extension SpecRules {
  package static let elementCeiling = rule(
    "element-ceiling",
    "A picture, a video, a latent and a layer of an autoencoder have at most 2^30 values.",
    explanation: """
      A tensor of this size takes 4 GiB by itself. The extents are multiplied before anything
      is allocated.
      """,
    failing: "latent: {channels: 4, height: 65536, width: 65536}",
    fixed: "latent: {channels: 4, height: 64, width: 64}")
}

extension SpecDecoder {
  mutating func checkElementCount(of spec: ModelSpec) {
    if let pixels = spec.pixels {
      let path = pixels.frames == nil ? "image" : "video"
      let dimensions = [pixels.channels, pixels.frames ?? 1, pixels.height, pixels.width]
      if isValid(path) { checkElementCount(dimensions, at: path) }
    }
    if let latent = spec.denoiser?.latent, isValid("latent") {
      checkElementCount(latent.dimensions, at: "latent")
    }
    checkImageElementCount(of: spec)
  }

  /// Checks the largest value between the layers of an autoencoder.
  private mutating func checkImageElementCount(of spec: ModelSpec) {
    guard let pixels = spec.pixels, let count = spec.autoencoderElementCount else { return }
    let path = pixels.frames == nil ? "image" : "video"
    guard count > Ceiling.elements, isValid(path), isValid("autoencoder") else { return }
    report(
      SpecRules.elementCeiling,
      "the autoencoder makes a tensor of \(grouped(count)) values of `\(path)`, more than "
        + grouped(Ceiling.elements),
      help: "choose smaller extents, or add `tiling` to the autoencoder", at: path,
      related: [("autoencoder", "the autoencoder is set here")])
  }

  private mutating func checkElementCount(_ dimensions: [Int], at path: String) {
    let count = Shape(dimensions).checkedElementCount
    if let count, count <= Ceiling.elements { return }
    report(
      SpecRules.elementCeiling,
      "`\(path)` has \(count.map(grouped) ?? "more than 10^18") values, more than "
        + grouped(Ceiling.elements), help: "choose smaller extents", at: path)
  }
}
