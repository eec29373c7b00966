import Documents
import ModelSpec

extension ModelReading {
  /// The spec of some keys, each with a comment on its first line.
  func text(of keys: ImportedKeys) -> String {
    guard case .mapping(let entries) = keys.spec else { return "" }
    let blocks = entries.map { entry in
      (
        lines: YAMLValue.mapping([entry]).document.split(separator: "\n"),
        comment: comment(on: entry.key, keys)
      )
    }
    let width = blocks.flatMap { $0.lines.prefix(1).map(\.count) }.filter { $0 <= 60 }.max() ?? 0
    var text = "# \(heading)\n"
    for block in blocks {
      for (index, line) in block.lines.enumerated() {
        text += line
        if index == 0, let comment = block.comment {
          text += String(repeating: " ", count: max(0, width - line.count) + 2) + "# " + comment
        }
        text += "\n"
      }
    }
    return text
  }

  private var heading: String {
    let kinds = [
      (source.pipeline != nil, "a DiTPipeline"), (source.denoiser != nil, "a DiT"),
      (source.autoencoder != nil, "an autoencoder"), (source.scheduler != nil, "a scheduler"),
    ]
    return "Imported from \(kinds.first { $0.0 }?.1 ?? "a model") of diffusers."
  }

  /// What a key of the top level says in this model.
  private func comment(on key: String, _ keys: ImportedKeys) -> String? {
    switch key {
    case "ditharos": "the version of the language"
    case "name": "what reports call the model"
    case "preset": "numbers as diffusers computes them"
    case "image": "the pictures"
    case "autoencoder": source.autoencoder?.config["_class_name"]?.text.map { "\($0) of diffusers" }
    case "latent": "what is denoised"
    case "patch_size": keys["patch_size"]?.text.map { "a token is \($0) x \($0) of the latent" }
    case "latent_dim": headWidth(keys).map { "the width of a token: \($0)" }
    case "depth": "the number of blocks"
    case "heads": "attention heads of a block"
    case "feed_forward": "other than the preset's"
    case "conditioning":
      switch evidence?.sharesEmbedders {
      case nil: "no weights were there: embedders are taken to be equal in all blocks"
      case true?: "the blocks' embedders are equal, and loaded once"
      case false?: "every block has embedders of its own"
      }
    case "final_layer": "channels of the prediction"
    case "diffusion":
      source.pipeline == nil ? nil : "as the pipeline samples by default"
    case "weights":
      keys["weights.file"] == nil ? "name the folder with --weights" : "relative to this file"
    default: nil
    }
  }

  private func headWidth(_ keys: ImportedKeys) -> String? {
    guard let width = keys["latent_dim"]?.text.flatMap({ Int($0) }),
      let heads = keys["heads"]?.text.flatMap({ Int($0) }), heads > 0
    else { return nil }
    return "\(heads) heads of \(width / heads)"
  }
}
