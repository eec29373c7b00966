import Diagnostics
import Documents
import ModelSpec

extension ImportedKeys {
  /// What is written even where a preset or a default says the same.
  private static let kept: Set = [
    "ditharos", "name", "preset", "patch_size", "latent_dim", "depth", "heads",
    "latent.channels", "latent.height", "latent.width", "conditioning.label.classes",
    "weights.layout", "weights.file",
  ]

  /// The keys without those that change nothing.
  ///
  /// - Parameter spec: What the keys say.
  func minimal(as spec: ModelSpec) -> ImportedKeys {
    var keys = self
    // Without a denoiser the sampler is what the spec is about.
    let kept = spec.denoiser == nil ? Self.kept.union(["diffusion.sampler"]) : Self.kept
    for path in paths where !kept.contains(path) {
      var fewer = keys
      fewer[path] = nil
      if fewer.modelSpec == spec { keys = fewer }
    }
    return keys
  }

  /// What the keys say; nil where that is no spec.
  private var modelSpec: ModelSpec? {
    do throws(DiagnosticsError) {
      return try loadSpec(text: spec.document, file: "spec", folder: nil).spec
    } catch { return nil }
  }
}
