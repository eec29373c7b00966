import Diagnostics

extension SpecRules {
  package static let pixelsMissing = rule(
    "pixels-missing", "An autoencoder has pictures or videos to turn into latents.",
    explanation: """
      The patches of an autoencoder are cut from pictures or videos, and without their size
      none of its shapes are known.
      """,
    failing: "name: tiny",
    fixed: """
      name: tiny
      image: {height: 256, width: 256}
      """)
}

extension SpecDecoder {
  mutating func checkPixelsExist(_ spec: ModelSpec) {
    guard spec.autoencoder != nil, spec.pixels == nil, isValid("image"), isValid("video"),
      isValid("autoencoder")
    else { return }
    report(
      SpecRules.pixelsMissing, "`image` or `video` is missing for the autoencoder",
      help: "add `image: {height: 256, width: 256}`", at: "autoencoder")
  }
}
