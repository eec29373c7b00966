import Diagnostics

extension SpecRules {
  package static let finalWidth = rule(
    "final-width", "Without a final layer a token is as wide as a patch of the prediction.",
    explanation: """
      `final_layer: none` reads the prediction straight from the tokens, so that the width of
      a token is the channels of the prediction times the area of a patch.
      """,
    failing: "latent_dim: 32",
    fixed: "latent_dim: 16")
}

extension SpecDecoder {
  mutating func checkFinalWidth(_ denoiser: Denoiser) {
    guard denoiser.finalLayer.kind == .none,
      ["final_layer", "patch_size", "latent", "latent_dim"].allSatisfy(isValid)
    else { return }
    let width = denoiser.finalLayer.outChannels * denoiser.patchSize.area
    if width != denoiser.latentDim {
      report(
        SpecRules.finalWidth,
        "without a final layer a patch of the prediction, \(width) values, is a token, but "
          + "`latent_dim` is \(denoiser.latentDim)",
        help: "write `latent_dim: \(width)`, or `final_layer: linear`", at: "final_layer",
        related: [
          ("latent_dim", "`latent_dim` is set here"),
          ("latent.channels", "the latent's channels are set here"),
          ("patch_size", "patches are set here"),
        ])
    }
  }
}
