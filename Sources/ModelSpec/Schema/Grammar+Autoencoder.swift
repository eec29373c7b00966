extension Grammar {
  private static let convolutional = ["kl", "tiny"]

  /// The most levels of an autoencoder.
  private static let largestLevelCount = 8

  /// The most residual blocks of a level.
  private static let largestBlockCount = 64

  static let autoencoder = MappingSchema(
    "autoencoder", "Turns pictures into latents and back.", discriminator: "kind",
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("linear", "`activation(W patch + b)` in both directions."),
          Choice(
            "kl",
            "Convolutions, group norms and attention on several levels: `AutoencoderKL` of "
              + "diffusers, as in Stable Diffusion and FLUX."),
          Choice("tiny", "Convolutions of one width: `AutoencoderTiny` of diffusers, as TAESD."),
        ]), .defaulted(.name("linear")), "How it computes.", example: "kl"),
      KeySchema(
        "preset", .text(.identifier), .derived("none"),
        "The autoencoder whose keys these override.", example: "sd"),
      KeySchema(
        "patch_size", patchSize, .required,
        "The pixels that make one position of the latent: a number, [h, w] or [t, h, w].",
        example: "[1, 2, 2]", appliesTo: ["linear"]),
      KeySchema(
        "order", axisOrder, .defaulted(.name("channels_first")),
        "The order in which a patch is read and written.", example: "[c, t, h, w]",
        appliesTo: ["linear"]),
      KeySchema(
        "latent_channels", extent, .required, "Values per position of the latent.",
        example: "4"),
      KeySchema(
        "level_channels", .list(extent, count: 1...largestLevelCount), .required,
        "The width of each level, from the pictures on; every further level halves rows and "
          + "columns.", example: "[128, 256, 512, 512]", appliesTo: ["kl"]),
      KeySchema(
        "blocks_per_level", .integer(1...largestBlockCount), .defaulted(.integer(2)),
        "Residual blocks of a level of the encoder; the decoder has one more.", example: "2",
        appliesTo: ["kl"]),
      KeySchema(
        "middle_attention", .boolean, .defaulted(.boolean(true)),
        "Whether the positions of the innermost level read one another.", example: "true",
        appliesTo: ["kl"]),
      KeySchema(
        "quant_convolution", .boolean, .defaulted(.boolean(true)),
        "Whether a convolution of one position follows the encoder.", example: "true",
        appliesTo: ["kl"]),
      KeySchema(
        "post_quant_convolution", .boolean, .defaulted(.boolean(true)),
        "Whether a convolution of one position stands before the decoder.", example: "true",
        appliesTo: ["kl"]),
      KeySchema(
        "norm_groups", extent, .defaulted(.integer(32)),
        "The groups of channels of every norm; divides every width.", example: "32",
        appliesTo: ["kl"]),
      KeySchema(
        "norm_epsilon", .number(.positive(to: 1)), .defaulted(.number(1e-6)),
        "What every norm adds to the variance.", example: "1e-6", appliesTo: ["kl"]),
      KeySchema(
        "channels", extent, .required, "The width of every layer.", example: "64",
        appliesTo: ["tiny"]),
      KeySchema(
        "encoder_blocks", .list(.integer(0...largestBlockCount), count: 1...largestLevelCount),
        .required,
        "Residual blocks of each level of the encoder, from the pictures on; every further level "
          + "halves rows and columns.", example: "[1, 3, 3, 3]", appliesTo: ["tiny"]),
      KeySchema(
        "decoder_blocks", .list(.integer(0...largestBlockCount), count: 1...largestLevelCount),
        .required, "Residual blocks of each level of the decoder, from the latent on.",
        example: "[3, 3, 3, 1]", appliesTo: ["tiny"]),
      KeySchema(
        "activation", activation, .derived("`none`; `silu` with `kl`, `relu` with `tiny`"),
        "The function after each layer.", example: "relu"),
      KeySchema(
        "scaling_factor", .number(.positive(to: 1e6)), .defaulted(.number(1)),
        "The denoiser sees `(latent - shift_factor) * scaling_factor`; `eval` does not scale.",
        example: "0.18215"),
      KeySchema(
        "shift_factor", .number(.float), .defaulted(.number(0)),
        "What is taken off a latent before it is scaled.", example: "0.0609"),
      KeySchema(
        "tiling", .optional(.mapping(tiling)), .derived("none"),
        "The tiles in which a picture larger than one of them is encoded and decoded; `none` takes "
          + "every picture as a whole.", example: "{size: 512, overlap: 128}",
        appliesTo: convolutional),
      KeySchema(
        "frozen", .boolean, .derived("`false`; `true` with `kl` and `tiny`"),
        "Whether training leaves it as it is.", example: "true"),
    ])

  static let tiling = MappingSchema(
    "tiling", "Overlapping square tiles of a picture, blended where they overlap.",
    keys: [
      KeySchema(
        "size", extent, .required,
        "Pixels of a side; a multiple of the pixels of a position of the latent.", example: "512"),
      KeySchema(
        "overlap", extent, .derived("a quarter of the size"),
        "The least pixels that neighbours share; likewise a multiple, and at most half the size.",
        example: "128"),
    ])
}
