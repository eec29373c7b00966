import Documents

/// A commented spec to begin with: a model of 32 x 32 latents with classes, on top of a preset.
///
/// It says what the preset leaves open, and nothing of what the preset decides.
///
/// - Parameters:
///   - preset: The name of a preset.
///   - name: The model's name.
/// - Returns: The text; nil where there is no such preset.
package func starterSpec(preset: String, name: String) -> String? {
  guard let tree = Presets.tree(named: preset) else { return nil }
  var lines: [(key: String, comment: String)] = [
    ("ditharos: \(Grammar.version)", "the version of the language"),
    ("name: \(YAMLValue.text(name).flow)", "what reports call the model"),
    ("preset: \(preset)", "where all other keys come from\(tree.sizes)"),
    ("latent: {channels: 4, height: 32, width: 32}", "what is denoised: pictures of 256 x 256"),
    ("patch_size: 2", "a token stands for 2 x 2 positions of the latent"),
  ]
  let sizes = [
    ("latent_dim", "384", "the width of a token; a multiple of heads"),
    ("depth", "12", "the number of blocks"),
    ("heads", "6", "attention heads of a block"),
  ]
  for (key, value, comment) in sizes where tree[key] == nil {
    lines.append(("\(key): \(value)", comment))
  }
  lines += [
    ("conditioning:", "what a picture depends on, besides the noise"),
    (
      "  label: {classes: 1000, dropout: 0.1}",
      "a class; dropout above 0 makes --guidance possible"
    ),
    ("final_layer: {out_channels: 8}", "4 for the noise, 4 for its variance"),
    ("diffusion: {variance: learned_range, steps: 20}", "steps of a run; --steps overrides it"),
    ("limits: {peak_memory: 4GiB}", "`validate` fails where a run would need more"),
  ]
  let width = lines.map(\.key.count).max() ?? 0
  let text = lines.map { key, comment in
    key + String(repeating: " ", count: width + 2 - key.count) + "# " + comment
  }
  return (["# yaml-language-server: $schema=ditharos.schema.json"] + text)
    .joined(separator: "\n") + "\n"
}

extension DocumentNode {
  /// What a preset decides about the size, to follow a sentence.
  fileprivate var sizes: String {
    let sizes = ["latent_dim", "depth", "heads"].compactMap { key in
      self[key]?.text.map { "\(key) \($0)" }
    }
    return sizes.isEmpty ? "" : ": " + sizes.joined(separator: ", ") + " and more"
  }
}
