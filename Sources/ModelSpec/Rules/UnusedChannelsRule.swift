import Diagnostics

extension SpecRules {
  package static let unusedChannels = rule(
    "unused-channels", "Every channel of the prediction is used.", severity: .warning,
    explanation: """
      Channels beyond the latent's are computed in every step and thrown away, unless the
      variance is learned. Most often `variance: learned_range` was forgotten.
      """,
    failing: "final_layer: {out_channels: 8}",
    fixed: "final_layer: {out_channels: 4}")
}

extension SpecDecoder {
  mutating func checkChannelsAreUsed(_ denoiser: Denoiser, _ diffusion: DiffusionSpec) {
    let path = "final_layer.out_channels"
    guard isValid(path), isValid("latent"), isValid("diffusion.variance") else { return }
    let channels = denoiser.latent.channels
    let given = denoiser.finalLayer.outChannels
    guard diffusion.variance == .none, given > channels else { return }
    let unused =
      given == channels + 1
      ? "channel \(given) of the prediction is"
      : "channels \(channels + 1) to \(given) of the prediction are"
    warn(
      SpecRules.unusedChannels, "\(unused) not used",
      help: "write `out_channels: \(channels)`, or `variance: learned_range`", at: path,
      related: [("latent.channels", "the latent's channels are set here")])
  }
}
