import Diagnostics
import Documents

extension ImportedClass {
  /// The autoencoders of diffusers that a spec can say.
  static let autoencoders = [kl, tiny]

  private static let kl = ImportedClass(
    name: "AutoencoderKL",
    arguments: [
      ImportedArgument("in_channels", "3", .special),
      ImportedArgument("out_channels", "3", .special),
      ImportedArgument("down_block_types", "[DownEncoderBlock2D]", .special),
      ImportedArgument("up_block_types", "[UpDecoderBlock2D]", .special),
      ImportedArgument("block_out_channels", "[64]", .list("autoencoder.level_channels")),
      ImportedArgument("layers_per_block", "1", .key("autoencoder.blocks_per_level")),
      ImportedArgument(
        "act_fn", "silu",
        .names(
          "autoencoder.activation",
          ["silu": "silu", "swish": "silu", "gelu": "gelu", "relu": "relu"])),
      ImportedArgument("latent_channels", "4", .key("autoencoder.latent_channels")),
      ImportedArgument("norm_num_groups", "32", .key("autoencoder.norm_groups")),
      ImportedArgument("sample_size", "32", .special),
      ImportedArgument("scaling_factor", "0.18215", .key("autoencoder.scaling_factor")),
      ImportedArgument("shift_factor", "null", .special),
      ImportedArgument("latents_mean", "null", .only(["null"])),
      ImportedArgument("latents_std", "null", .only(["null"])),
      ImportedArgument("force_upcast", "true", .ignored),
      ImportedArgument("use_quant_conv", "true", .key("autoencoder.quant_convolution")),
      ImportedArgument("use_post_quant_conv", "true", .key("autoencoder.post_quant_convolution")),
      ImportedArgument("mid_block_add_attention", "true", .key("autoencoder.middle_attention")),
    ], constants: [("autoencoder.kind", "kl")])

  private static let tiny = ImportedClass(
    name: "AutoencoderTiny",
    arguments: [
      ImportedArgument("in_channels", "3", .special),
      ImportedArgument("out_channels", "3", .special),
      ImportedArgument("encoder_block_out_channels", "[64, 64, 64, 64]", .special),
      ImportedArgument("decoder_block_out_channels", "[64, 64, 64, 64]", .special),
      ImportedArgument(
        "act_fn", "relu",
        .names(
          "autoencoder.activation",
          ["silu": "silu", "swish": "silu", "gelu": "gelu", "relu": "relu"])),
      ImportedArgument("upsample_fn", "nearest", .only(["nearest"])),
      ImportedArgument("latent_channels", "4", .key("autoencoder.latent_channels")),
      ImportedArgument("upsampling_scaling_factor", "2", .only(["2"])),
      ImportedArgument("num_encoder_blocks", "[1, 3, 3, 3]", .list("autoencoder.encoder_blocks")),
      ImportedArgument("num_decoder_blocks", "[3, 3, 3, 1]", .list("autoencoder.decoder_blocks")),
      // The magnitude is 3 in the decoder whatever is written; both serve to store latents as bytes.
      ImportedArgument("latent_magnitude", "3", .ignored),
      ImportedArgument("latent_shift", "0.5", .ignored),
      ImportedArgument("force_upcast", "false", .ignored),
      ImportedArgument("scaling_factor", "1.0", .key("autoencoder.scaling_factor")),
      ImportedArgument("shift_factor", "0.0", .special),
      ImportedArgument("block_out_channels", "null", .ignored),
    ], constants: [("autoencoder.kind", "tiny")])
}

/// Reads the `config.json` of an autoencoder of diffusers; arguments that are left out have the
/// defaults of diffusers 0.42.1.
///
/// - Parameter latentExtent: Rows and columns of the denoiser's latent, from which the pictures'
///   follow; nil without one, where the configuration's own extent stands.
/// - Returns: The keys, and everything that a spec cannot say, each at its place.
/// - Throws: Rule `import.class` for another class.
package func importAutoencoder(
  _ config: DocumentNode, latentExtent: DocumentNode?
) throws(DiagnosticsError) -> (keys: ImportedKeys, problems: [Diagnostic]) {
  var reader = try ConfigReader(config, classes: ImportedClass.autoencoders, kind: "autoencoder")
  reader.readChannels()
  reader.readShift()
  let isTiny = reader.source.name == "AutoencoderTiny"
  let levels: Int
  if isTiny {
    levels = reader.count(of: "num_encoder_blocks")
    reader.readWidth()
  } else {
    levels = reader.count(of: "block_out_channels")
    reader.readBlocks("down_block_types", "DownEncoderBlock2D", count: levels)
    reader.readBlocks("up_block_types", "UpDecoderBlock2D", count: levels)
  }
  reader.readExtent(latentExtent, levels: levels)
  return (reader.keys, reader.problems)
}

extension ConfigReader {
  /// The number of elements of a list.
  fileprivate func count(of name: String) -> Int { node(of: name)?.elements?.count ?? 0 }

  /// Pictures have the channels that both sides read and write.
  fileprivate mutating func readChannels() {
    guard let read = integer("in_channels", 1...3), let written = integer("out_channels", 1...3),
      let node = node(of: "out_channels")
    else { return }
    keys.set("image.channels", String(read), at: node.range)
    if read != written {
      report("out_channels", node, "is \(written), but `in_channels` is \(read)")
    }
  }

  fileprivate mutating func readShift() {
    guard let node = node(of: "shift_factor"), !isNull("shift_factor") else { return }
    keys["autoencoder.shift_factor"] = node
  }

  /// All blocks are of one class.
  fileprivate mutating func readBlocks(_ name: String, _ className: String, count: Int) {
    guard let node = node(of: name) else { return }
    guard let elements = node.elements else {
      report(name, node, "is no list")
      return
    }
    for element in elements where element.text != className {
      report(
        name, element, "holds \(quoted(element.text ?? "a list")), which is not supported",
        help: "only `\(className)` can be said in a spec")
    }
    if elements.count != count {
      report(name, node, "has \(elements.count) elements, but there are \(count) levels")
    }
  }

  /// All levels are equally wide.
  fileprivate mutating func readWidth() {
    var width: String?
    for (name, blocks) in [
      ("encoder_block_out_channels", "num_encoder_blocks"),
      ("decoder_block_out_channels", "num_decoder_blocks"),
    ] {
      guard let node = node(of: name) else { continue }
      guard let elements = node.elements, let first = elements.first?.text else {
        report(name, node, "is no list of widths")
        continue
      }
      let common = width ?? first
      if width == nil { keys["autoencoder.channels"] = elements[0] }
      width = common
      for element in elements where element.text != common {
        report(
          name, element, "holds \(quoted(element.text ?? "a list")) beside `\(common)`",
          help: "all widths are one key, `channels`, in a spec")
      }
      if elements.count != count(of: blocks) {
        report(
          name, node, "has \(elements.count) elements, but `\(blocks)` has \(count(of: blocks))")
      }
    }
  }

  /// The pictures' rows and columns.
  fileprivate mutating func readExtent(_ latentExtent: DocumentNode?, levels: Int) {
    guard 1...16 ~= levels else { return }
    let factor = 1 << (levels - 1)
    var extent: DocumentNode?
    if let latentExtent, let rows = latentExtent.text.flatMap({ Int($0) }),
      1...Grammar.largestExtent ~= rows
    {
      extent = DocumentNode(.scalar(String(rows * factor), .plain), at: latentExtent.range)
    } else if let rows = integer("sample_size", 1...Grammar.largestExtent, isReported: false) {
      // Rounded up to what the levels divide.
      extent = DocumentNode(
        .scalar(String((rows + factor - 1) / factor * factor), .plain), at: place)
    } else {
      extent = DocumentNode(.scalar(String(32 * factor), .plain), at: place)
    }
    keys["image.height"] = extent
    keys["image.width"] = extent
  }
}
