import Diagnostics
import Documents

extension ImportedClass {
  /// The denoisers of diffusers that a spec can say.
  static let denoisers = [dit, formerDiT]

  private static let dit = ImportedClass(
    name: "DiTTransformer2DModel", arguments: ditArguments, constants: ditConstants)

  /// As folders from before DiT had a class of its own spell it.
  private static let formerDiT = ImportedClass(
    name: "Transformer2DModel",
    arguments: ditArguments + [
      ImportedArgument("cross_attention_dim", "null", .only(["null"])),
      ImportedArgument("num_vector_embeds", "null", .only(["null"])),
      ImportedArgument("use_linear_projection", "false", .ignored),
      ImportedArgument("only_cross_attention", "false", .only(["false"])),
      ImportedArgument("double_self_attention", "false", .only(["false"])),
      ImportedArgument("attention_type", "default", .only(["default"])),
      ImportedArgument("caption_channels", "null", .only(["null"])),
      ImportedArgument("interpolation_scale", "null", .only(["null", "1", "1.0"])),
      ImportedArgument("use_additional_conditions", "null", .only(["null", "false"])),
    ], constants: ditConstants)

  private static let ditConstants: [NamedValue] = [
    ("preset", "dit-diffusers"), ("conditioning.modulation.form", "adaln_zero"),
  ]

  private static let ditArguments = [
    ImportedArgument("num_attention_heads", "16", .key("heads")),
    ImportedArgument("attention_head_dim", "72", .special),
    ImportedArgument("in_channels", "4", .key("latent.channels")),
    ImportedArgument("out_channels", "null", .special),
    ImportedArgument("num_layers", "28", .key("depth")),
    ImportedArgument("dropout", "0.0", .ignored),
    ImportedArgument("norm_num_groups", "32", .ignored),
    ImportedArgument("attention_bias", "true", .only(["true"])),
    ImportedArgument("sample_size", "32", .key("latent.height")),
    ImportedArgument("patch_size", "2", .key("patch_size")),
    ImportedArgument(
      "activation_fn", "gelu-approximate",
      .names(
        "feed_forward.activation",
        ["gelu-approximate": "gelu_tanh", "gelu": "gelu", "linear-silu": "silu"])),
    ImportedArgument("num_embeds_ada_norm", "1000", .key("conditioning.label.classes")),
    ImportedArgument("upcast_attention", "false", .ignored),
    ImportedArgument("norm_type", "ada_norm_zero", .only(["ada_norm_zero"])),
    ImportedArgument("norm_elementwise_affine", "false", .only(["false"])),
    ImportedArgument("norm_eps", "1e-5", .key("feed_forward.norm.epsilon")),
  ]
}

/// What the weights of a denoiser say.
package struct DenoiserEvidence: Sendable {
  /// Whether all blocks have equal embedders.
  package var sharesEmbedders: Bool
  /// The rows of the last layer: channels of the prediction times positions of a patch.
  package var finalRows: Int?

  /// Evidence.
  package init(sharesEmbedders: Bool, finalRows: Int?) {
    self.sharesEmbedders = sharesEmbedders
    self.finalRows = finalRows
  }
}

/// Reads the `config.json` of a denoiser of diffusers; arguments that are left out have the defaults
/// of diffusers 0.42.1.
///
/// - Parameters:
///   - config: The configuration.
///   - evidence: What the weights say; nil without weights.
/// - Returns: The keys, and everything that a spec cannot say, each at its place.
/// - Throws: Rule `import.class` for another class.
package func importDenoiser(
  _ config: DocumentNode, evidence: DenoiserEvidence?
) throws(DiagnosticsError) -> (keys: ImportedKeys, problems: [Diagnostic]) {
  var reader = try ConfigReader(config, classes: ImportedClass.denoisers, kind: "denoiser")
  reader.keys["latent.width"] = reader.keys["latent.height"]
  let heads = reader.integer("num_attention_heads", 1...4096, isReported: false)
  let headWidth = reader.integer("attention_head_dim", 1...Grammar.largestExtent)
  if let heads, let headWidth, let node = reader.node(of: "attention_head_dim") {
    reader.keys.set("latent_dim", String(heads * headWidth), at: node.range)
  }
  if evidence?.sharesEmbedders == false {
    reader.keys.set("conditioning.embedders", "per_block", at: reader.place)
  }
  reader.readOutChannels(evidence)
  return (reader.keys, reader.problems)
}

extension ConfigReader {
  /// Twice the latent's channels are a learned variance.
  fileprivate mutating func readOutChannels(_ evidence: DenoiserEvidence?) {
    let limits = 1...Grammar.largestExtent
    guard let channels = integer("in_channels", limits, isReported: false),
      let node = node(of: "out_channels")
    else { return }
    var found = channels
    if !isNull("out_channels") {
      guard let written = integer("out_channels", limits) else { return }
      found = written
    } else if let rows = evidence?.finalRows,
      let patch = integer("patch_size", 1...4096, isReported: false),
      rows % (patch * patch) == 0, limits.contains(rows / (patch * patch))
    {
      found = rows / (patch * patch)
    }
    switch found {
    case channels: keys.set("diffusion.variance", "none", at: node.range)
    case 2 * channels: keys.set("diffusion.variance", "learned_range", at: node.range)
    default:
      keys.set("diffusion.variance", "none", at: node.range)
      keys.set("final_layer.out_channels", String(found), at: node.range)
    }
  }
}
