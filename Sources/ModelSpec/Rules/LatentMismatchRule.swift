import Diagnostics

extension SpecRules {
  package static let latentMismatch = rule(
    "latent-mismatch", "The latent is the one that follows from the pictures.",
    explanation: """
      With pictures the latent follows from them and the autoencoder, or is the pictures where
      there is no autoencoder. One that is written besides must be the same, or the denoiser would be given a latent of another shape than
      the one it was built for.
      """,
    failing: "latent: {channels: 2, frames: 4, height: 2, width: 2}",
    fixed: "latent: {channels: 2, frames: 4, height: 1, width: 1}")
}

extension SpecDecoder {
  mutating func checkLatentMatches(
    _ latent: LatentSpace, _ autoencoder: Autoencoder, _ pixels: PixelSpace, _ pixelsPath: String
  ) {
    guard isValid("latent"), isValid("autoencoder"), isValid(pixelsPath) else { return }
    let made = pixels.latent(through: autoencoder)
    if made != latent {
      report(
        SpecRules.latentMismatch,
        "`latent` is \(shapeText(latent.dimensions)), but the autoencoder makes "
          + shapeText(made.dimensions),
        help: "remove `latent`", at: "latent",
        related: [
          (pixelsPath, "`\(pixelsPath)` is set here"),
          (
            autoencoder.sizePath,
            "the autoencoder's \(autoencoder.isConvolutional ? "levels" : "patches") are set here"
          ),
        ])
    }
  }
}

extension SpecDecoder {
  mutating func checkLatentIsPixels(
    _ latent: LatentSpace, _ pixels: PixelSpace, _ pixelsPath: String
  ) {
    guard isValid("latent"), isValid("autoencoder"), isValid(pixelsPath), pixels.latent != latent
    else { return }
    report(
      SpecRules.latentMismatch,
      "`latent` is \(shapeText(latent.dimensions)), but `\(pixelsPath)`, which no autoencoder "
        + "encodes, is \(shapeText(pixels.latent.dimensions))",
      help: "remove `latent`, or add an `autoencoder`", at: "latent",
      related: [(pixelsPath, "`\(pixelsPath)` is set here")])
  }
}

/// Extents as a person writes them.
func shapeText(_ dimensions: [Int]) -> String {
  dimensions.isEmpty
    ? "of a number" : "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
}
