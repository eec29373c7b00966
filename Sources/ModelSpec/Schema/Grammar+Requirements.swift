extension Grammar {
  /// The keys of a spec whose value may stand in another file, as `{file: relative.yaml}`.
  package static let componentNames = ["autoencoder", "text_encoder", "diffusion"]

  /// A key of the root that a denoiser needs, once its preset is merged in.
  package struct DenoiserRequirement: Sendable {
    /// What makes the key unnecessary.
    package enum Waiver: Sendable {
      /// Another key of the root.
      case key(String)
      /// A choice in a mapping of the root.
      case choice(mapping: String, key: String, name: String)
    }

    /// The key.
    package var key: String
    /// What makes it unnecessary; one is enough.
    package var waivers: [Waiver]
  }

  /// What a denoiser needs, in the order of the reference.
  package static let denoiserRequirements = [
    DenoiserRequirement(key: "patch_size", waivers: []),
    DenoiserRequirement(key: "latent_dim", waivers: []),
    DenoiserRequirement(key: "depth", waivers: [.key("blocks")]),
    DenoiserRequirement(
      key: "heads",
      waivers: [.key("blocks"), .choice(mapping: "attention", key: "map", name: "given")]),
  ]
}
