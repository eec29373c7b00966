import Diagnostics
import Tensors

extension SpecRules {
  package static let elementCeiling = rule(
    "element-ceiling", "A picture, a video and a latent have at most 2^30 values.",
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
