extension SpecRules {
  package static let latentMissing = rule(
    "latent-missing", "A denoiser has a latent, or pictures to derive it from.",
    explanation: """
      The denoiser turns a noisy latent into a prediction, so that the size of the latent
      decides the number of tokens and most shapes after it. It is written as `latent`, or
      follows from `image` or `video`: through the autoencoder, or as they are.
      """,
    failing: "name: tiny",
    fixed: """
      name: tiny
      latent: {channels: 4, height: 8, width: 8}
      """)
}
