import Diagnostics

extension SpecRules {
  package static let embeddingWidth = rule(
    "embedding-width", "Without a patch embedding a patch is as wide as a token.",
    explanation: """
      `patch_embedding: none` hands the values of a patch on as the token, so that channels
      times the area of a patch is the width of a token.
      """,
    failing: "latent_dim: 32",
    fixed: "latent_dim: 16")
}

extension SpecDecoder {
  mutating func checkEmbeddingWidth(_ denoiser: Denoiser) {
    guard denoiser.patchEmbedding.kind == .none,
      ["patch_embedding", "patch_size", "latent", "latent_dim"].allSatisfy(isValid)
    else { return }
    let width = denoiser.latent.channels * denoiser.patchSize.area
    if width != denoiser.latentDim {
      report(
        SpecRules.embeddingWidth,
        "without a patch embedding a token is a patch of \(width) values, but `latent_dim` is "
          + "\(denoiser.latentDim)",
        help: "write `latent_dim: \(width)`, or `patch_embedding: linear`", at: "latent_dim",
        related: [
          ("patch_embedding", "there is no patch embedding"),
          ("latent.channels", "the latent's channels are set here"),
          ("patch_size", "patches are set here"),
        ], suggestion: String(width))
    }
  }
}
