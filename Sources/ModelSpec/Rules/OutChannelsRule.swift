import Diagnostics

extension SpecRules {
  package static let outChannels = rule(
    "out-channels", "The prediction has the latent's channels, twice as many with a variance.",
    explanation: """
      The sampler subtracts the prediction from the latent, channel by channel. `variance:
      learned_range` adds as many channels again for the variance, as in the DiT checkpoints.
      """,
    failing: "final_layer: {out_channels: 4}",
    fixed: "final_layer: {out_channels: 8}")
}

extension SpecDecoder {
  mutating func checkOutChannels(_ denoiser: Denoiser, _ diffusion: DiffusionSpec) {
    let path = "final_layer.out_channels"
    guard isValid(path), isValid("latent"), isValid("diffusion.variance") else { return }
    let channels = denoiser.latent.channels
    let given = denoiser.finalLayer.outChannels
    switch diffusion.variance {
    case .learnedRange:
      if given == 2 * channels { return }
      report(
        SpecRules.outChannels,
        "`variance: learned_range` needs \(2 * channels) channels of prediction, twice the "
          + "latent's, not \(given)",
        help: "write `out_channels: \(2 * channels)`, or `variance: none`", at: path,
        related: [
          ("diffusion.variance", "the variance is set here"),
          ("latent.channels", "the latent's channels are set here"),
        ], suggestion: String(2 * channels))
    case .none:
      if given >= channels { return }
      report(
        SpecRules.outChannels,
        "`out_channels` \(given) is less than the latent's \(channels) channels",
        help: "write `out_channels: \(channels)`", at: path,
        related: [("latent.channels", "the latent's channels are set here")],
        suggestion: String(channels))
    }
  }
}
