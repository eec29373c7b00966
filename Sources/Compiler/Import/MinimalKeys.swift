import Diagnostics
import Documents
import ModelSpec

extension ImportedKeys {
  /// What is written even where a preset or a default says the same.
  private static let kept: Set = [
    "ditharos", "name", "preset", "image.height", "image.width", "patch_size", "latent_dim",
    "depth", "heads", "conditioning.label.classes", "weights.layout", "weights.file",
  ]

  /// Paths that are there together or not at all.
  private static let groups = [["latent.channels", "latent.height", "latent.width"]]

  /// The keys without those that change nothing.
  ///
  /// - Parameter spec: What the keys say.
  func minimal(as spec: ModelSpec) -> ImportedKeys {
    var keys = withAutoencoderPreset(as: spec)
    // Without a denoiser the sampler is what the spec is about.
    let kept = spec.denoiser == nil ? Self.kept.union(["diffusion.sampler"]) : Self.kept
    let single = keys.paths.filter { path in
      !kept.contains(path) && !Self.groups.contains { $0.contains(path) }
    }
    for group in Self.groups + single.map({ [$0] }) {
      var fewer = keys
      for path in group { fewer[path] = nil }
      if fewer.modelSpec == spec { keys = fewer }
    }
    return keys
  }

  /// The keys with a preset instead of the autoencoder's own, where one says the same.
  private func withAutoencoderPreset(as spec: ModelSpec) -> ImportedKeys {
    guard let place = self["autoencoder.kind"]?.range else { return self }
    for name in AutoencoderPresets.names {
      var keys = self
      for path in paths where path.hasPrefix("autoencoder.") { keys[path] = nil }
      keys.set("autoencoder.preset", name, at: place)
      if keys.modelSpec == spec { return keys }
    }
    return self
  }

  /// What the keys say; nil where that is no spec.
  private var modelSpec: ModelSpec? {
    do throws(DiagnosticsError) {
      return try loadSpec(text: self.spec.document, file: "spec", folder: nil).spec
    } catch { return nil }
  }
}
