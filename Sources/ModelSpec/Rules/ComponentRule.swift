extension SpecRules {
  package static let component = rule(
    "component", "A component's file is a spec in the spec's folder that holds the component.",
    explanation: """
      An autoencoder or a diffusion section may stand in a file of its own, named relative to
      the spec. The file stays within the spec's folder, links followed, so that a spec from
      elsewhere cannot read what lies beside it, and a folder can be copied as a whole.
      """,
    failing: "autoencoder: {file: ../vae.yaml}",
    fixed: "autoencoder: {patch_size: [1, 2, 2], latent_channels: 2}")
}
