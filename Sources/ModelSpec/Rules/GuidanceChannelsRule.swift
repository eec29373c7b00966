import Diagnostics

extension SpecRules {
  package static let guidanceChannels = rule(
    "guidance-channels", "No more channels are guided than the latent has.",
    explanation: """
      Guidance acts on the first channels of a prediction, as many as `guidance_channels` says;
      those after them keep the prediction with the condition. The original DiT guides three of
      its four channels, most other models all.
      """,
    failing: "diffusion: {guidance_channels: 5}",
    fixed: "diffusion: {guidance_channels: 3}")
}

extension SpecDecoder {
  mutating func checkGuidanceChannels(_ denoiser: Denoiser, _ diffusion: DiffusionSpec) {
    let path = "diffusion.guidance_channels"
    guard isValid(path), isValid("latent"), let count = diffusion.guidanceChannels,
      count > denoiser.latent.channels
    else { return }
    report(
      SpecRules.guidanceChannels,
      "`guidance_channels` \(count) is more than the latent's \(denoiser.latent.channels) channels",
      help: "write at most \(denoiser.latent.channels)", at: path,
      related: [("latent.channels", "the latent's channels are set here")],
      suggestion: String(denoiser.latent.channels))
  }
}
