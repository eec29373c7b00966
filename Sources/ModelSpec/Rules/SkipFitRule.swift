import Diagnostics

extension SpecRules {
  package static let skipFit = rule(
    "skip-fit", "A skip adds the noisy latent to a prediction like it, by a modulated final layer.",
    explanation: """
      `final_layer: {skip: true}` adds the noisy latent to the prediction, each place of a patch
      times a number made of the conditions. There must be a modulation that acts on the final
      layer, and the prediction must have the channels of the latent, none of them for a variance.
      """,
    failing: "final_layer: {modulation: none, skip: true}",
    fixed: "final_layer: {skip: true}")
}

extension SpecDecoder {
  mutating func checkSkipFits(_ denoiser: Denoiser) {
    let (layer, path) = (denoiser.finalLayer, "final_layer.skip")
    guard layer.skip, isValid("final_layer"), isValid("latent"), isValid("conditioning") else {
      return
    }
    if layer.modulation.isEmpty || denoiser.conditioning.modulation == nil {
      report(
        SpecRules.skipFit, "`skip` needs a final layer that is modulated",
        help: "remove `skip`, or give a modulation", at: path,
        related: [("final_layer.modulation", "the modulation is set here")])
    } else if layer.outChannels != denoiser.latent.channels {
      report(
        SpecRules.skipFit,
        "`skip` needs a prediction of the latent's \(denoiser.latent.channels) channels, not of "
          + "\(layer.outChannels)",
        help: "remove `skip`, or write `out_channels: \(denoiser.latent.channels)`", at: path,
        related: [("final_layer.out_channels", "the channels are set here")])
    }
  }
}
