/// The grammar of a spec: every mapping type as a table.
package enum Grammar {
  /// The version of the language.
  package static let version = 1

  /// The largest extent of an axis.
  package static let largestExtent = 65_536

  /// The most blocks of a stack.
  package static let largestDepth = 10_000

  static let extent = ValueSchema.integer(1...largestExtent)

  /// A spec file.
  package static let root = MappingSchema(
    "spec", "A model: an autoencoder, a text encoder, a diffusion transformer, or several of them.",
    exclusive: [("image", "video")]
      + ["depth", "heads", "attention", "cross_attention", "feed_forward", "norm"].map {
        ("blocks", $0)
      },
    keys: [
      KeySchema(
        "ditharos", .integer(version...version), .required, "The version of the language.",
        example: "1"),
      KeySchema(
        "name", .text(.identifier), .required, "The model's name.", example: "dit-xl-2-256"),
      KeySchema(
        "preset", .text(.identifier), .derived("`dit` with a denoiser"),
        "The spec whose keys these override; `none` for nothing.", example: "dit"),
      KeySchema(
        "image", .mapping(image), .derived("none"), "The pictures that the model makes.",
        example: "{height: 256, width: 256}"),
      KeySchema(
        "video", .mapping(video), .derived("none"), "The videos that the model makes.",
        example: "{frames: 4, height: 2, width: 2, channels: 1, range: [0, 2]}"),
      KeySchema(
        "autoencoder", .mapping(autoencoder), .derived("none"),
        "Turns pictures into latents and back.",
        example: "{kind: linear, patch_size: [1, 2, 2], latent_channels: 2, activation: relu}"),
      KeySchema(
        "text_encoder", .mapping(textEncoder), .derived("none"),
        "Reads the words of prompts; it learns with the denoiser.",
        example: "{width: 64, depth: 2, heads: 4, length: 8, vocabulary: [sora, is, sky]}"),
    ] + denoiserKeys + [
      KeySchema(
        "diffusion", .mapping(diffusion), .derived("of the preset"),
        "How noise is added and taken away.",
        example: "{schedule: linear, prediction: epsilon, variance: learned_range}"),
      KeySchema(
        "training", .mapping(training), .derived("none"), "How the parameters learn.",
        example: "{loss: mse, optimizer: {kind: sgd, learning_rate: 0.01}}"),
      KeySchema(
        "example", .mapping(example), .derived("none"),
        "Values that a run takes unless it is given others.",
        example: "{prompt: sora is sky, timestep: 3}"),
      KeySchema(
        "parameters", .dictionary(.numbers), .derived("none"),
        "Parameters by name; matrices are [out, in].",
        example: "{autoencoder.encoder.bias: [0, 1]}"),
      KeySchema(
        "weights", .mapping(weights), .derived("none"), "Where the other parameters come from.",
        example: "{layout: diffusers}"),
      KeySchema(
        "limits", .mapping(limits), .derived("none"), "Budgets that validation enforces.",
        example: "{peak_memory: 512MiB, macs_per_step: 2G}"),
    ])

  /// The names of the keys that describe a denoiser.
  package static let denoiserKeyNames = denoiserKeys.map(\.name)

  static let image = MappingSchema(
    "image", "The space of pictures.",
    keys: pixelKeys)

  static let video = MappingSchema(
    "video", "The space of videos.",
    keys: [
      KeySchema("frames", extent, .required, "The number of frames.", example: "4")
    ] + pixelKeys)

  private static let pixelKeys = [
    KeySchema("height", extent, .required, "Rows of pixels.", example: "256"),
    KeySchema("width", extent, .required, "Columns of pixels.", example: "256"),
    KeySchema(
      "channels", .integer(1...3), .defaulted(.integer(3)),
      "Colour channels: 1 for grey, 3 for red, green and blue.", example: "3"),
    KeySchema(
      "range", .list(.number(.float), count: 2...2), .defaulted(.numbers([-1, 1])),
      "The values of the darkest and the brightest pixel.", example: "[-1, 1]"),
  ]

  static let patchSize = ValueSchema.anyOf([extent, .list(extent, count: 2...3)])

  static let axisOrder = ValueSchema.anyOf([
    .choice([
      Choice("channels_first", "Channels, then frames, rows and columns."),
      Choice("channels_last", "Frames, rows and columns, then channels."),
    ]),
    .list(
      .choice([
        Choice("c", "Channels."), Choice("t", "Frames."), Choice("h", "Rows."),
        Choice("w", "Columns."),
      ]), count: 2...4),
  ])

  static let activation = ValueSchema.choice([
    Choice("none", "The identity."),
    Choice("relu", "max(x, 0)."),
    Choice("gelu", "x times the normal distribution function."),
    Choice("gelu_tanh", "GELU by its approximation with tanh."),
    Choice("silu", "x times the logistic function."),
  ])

  static let norm = MappingSchema(
    "norm", "A normalisation over the features of a token.", discriminator: "kind",
    acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("none", "Tokens stay as they are."),
          Choice("layer", "Mean 0 and variance 1, without learned scale and shift."),
        ]), .defaulted(.name("layer")), "Which one.", example: "layer"),
      KeySchema(
        "epsilon", .number(.positive(to: 1)), .defaulted(.number(1e-6)),
        "What is added to the variance.", example: "1e-6", appliesTo: ["layer"]),
    ])

  static let weights = MappingSchema(
    "weights", "Where parameters come from.",
    keys: [
      KeySchema(
        "layout",
        .choice([
          Choice("diffusers", "Names and shapes of a diffusers model."),
          Choice("ditharos", "Names and shapes as in the spec."),
          Choice("original", "Names and shapes of the paper's own implementation of DiT."),
        ]), .defaulted(.name("ditharos")), "How the file names parameters.", example: "diffusers"),
      KeySchema(
        "file", .text(.path), .derived("the command line names it"),
        "A safetensors file, the index of several, or a folder.",
        example: "weights/model.safetensors"),
    ])

  static let limits = MappingSchema(
    "limits", "Budgets that validation enforces.",
    keys: [
      KeySchema(
        "peak_memory", .quantity(.bytes), .derived("none"),
        "Bytes of arena, weights, scratch, carried tables, inputs and results together.",
        example: "512MiB"),
      KeySchema(
        "parameters", .quantity(.count), .derived("none"), "Parameters of the whole model.",
        example: "40M"),
      KeySchema(
        "macs_per_step", .quantity(.count), .derived("none"),
        "Multiply-accumulates of one step, guidance included.", example: "2G"),
    ])
}
