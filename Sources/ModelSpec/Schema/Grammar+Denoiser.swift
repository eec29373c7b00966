extension Grammar {
  static let denoiserKeys = [
    KeySchema(
      "latent", .mapping(latent),
      .derived("of the pictures, through the autoencoder if there is one"),
      "What the transformer denoises.", example: "{channels: 4, height: 32, width: 32}"),
    KeySchema(
      "patch_size", patchSize, .derived("required with a denoiser"),
      "The positions of the latent that make one token: a number, [h, w] or [t, h, w].",
      example: "2"),
    KeySchema(
      "patch_embedding", .mapping(patchEmbedding), .derived("linear"),
      "How a patch becomes a token.", example: "linear"),
    KeySchema(
      "position", .mapping(position), .derived("none"), "What tells a token where it is.",
      example: "sincos_2d"),
    KeySchema(
      "latent_dim", extent, .derived("required with a denoiser"),
      "The width of a token inside the transformer.", example: "384"),
    KeySchema(
      "depth", .integer(1...largestDepth), .derived("required without `blocks`"),
      "The number of blocks.", example: "12"),
    KeySchema(
      "heads", .integer(1...4096), .derived("required without `blocks`"),
      "The number of attention heads; divides `latent_dim`.", example: "6"),
    KeySchema(
      "attention", .mapping(attention), .derived("computed, with all its layers"),
      "The attention of every block.", example: "{map: given, value: none, projection: none}"),
    KeySchema(
      "cross_attention", .mapping(crossAttention), .derived("none"),
      "After the attention of every block, tokens read the words of the prompt.",
      example: "{heads: 4}"),
    KeySchema(
      "feed_forward", .mapping(feedForward), .derived("two layers, four times as wide"),
      "The feed-forward part of every block.", example: "{ratio: 4, activation: gelu_tanh}"),
    KeySchema(
      "norm", .mapping(norm), .derived("layer"),
      "The norm before every sublayer and in the final layer.", example: "{epsilon: 1e-6}"),
    KeySchema(
      "conditioning", .optional(.mapping(conditioning)), .derived("none"),
      "What the prediction depends on besides the latent.",
      example: "{label: {classes: 1000, dropout: 0.1}, modulation: adaln_zero}"),
    KeySchema(
      "blocks", .list(.mapping(blockGroup), count: 1...256), .derived("`depth` equal blocks"),
      "The stack of blocks, spelled out: instead of `depth`, `heads`, `attention`, "
        + "`cross_attention`, `feed_forward` and `norm`.",
      example: "[{repeat: 12, sublayers: [{kind: attention, heads: 6}, {kind: feed_forward}]}]"),
    KeySchema(
      "final_layer", .mapping(finalLayer), .derived("linear"),
      "How a token becomes a patch of the prediction.", example: "{out_channels: 8}"),
  ]

  static let latent = MappingSchema(
    "latent", "The extents of a latent.",
    keys: [
      KeySchema("channels", extent, .required, "Values per position.", example: "4"),
      KeySchema(
        "frames", extent, .derived("none, for pictures"), "The number of frames.", example: "16"),
      KeySchema("height", extent, .required, "Rows of positions.", example: "32"),
      KeySchema("width", extent, .required, "Columns of positions.", example: "32"),
    ])

  static let patchEmbedding = MappingSchema(
    "patch_embedding", "How a patch becomes a token.", discriminator: "kind", acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([Choice("none", "The patch is the token."), Choice("linear", "`W patch + b`.")]),
        .defaulted(.name("linear")), "How it computes.", example: "linear"),
      KeySchema(
        "order", axisOrder, .defaulted(.name("channels_first")),
        "The order in which a patch is read.", example: "[c, h, w]"),
    ])

  private static let spatialPositions = ["sincos", "sincos_2d", "sincos_3d"]

  static let position = MappingSchema(
    "position", "What tells a token where it is.", discriminator: "kind", acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("none", "Nothing."),
          Choice("sincos", "`sincos_2d` for pictures, `sincos_3d` for videos."),
          Choice("sincos_1d", "A table over the index of the token."),
          Choice("sincos_2d", "Columns in the first half of the features, rows in the second."),
          Choice("sincos_3d", "Frames in the first quarter, then columns and rows."),
        ]), .defaulted(.name("sincos")), "Which table is added to the tokens.",
        example: "sincos_2d"),
      KeySchema(
        "base_size", .list(extent, count: 2...2), .derived("the grid of the latent"),
        "Rows and columns of the grid whose positions count 0, 1, 2...; another grid is "
          + "stretched to it.", example: "[16, 16]", appliesTo: spatialPositions),
      KeySchema(
        "interpolation_scale", .number(.positive(to: 1000)), .defaulted(.number(1)),
        "What rows and columns are divided by.", example: "1", appliesTo: spatialPositions),
      KeySchema(
        "temporal_interpolation_scale", .number(.positive(to: 1000)), .defaulted(.number(1)),
        "What frames are divided by.", example: "1", appliesTo: ["sincos", "sincos_3d"]),
    ])

  private static let layer = ValueSchema.choice([
    Choice("none", "No layer."), Choice("linear", "A linear layer."),
  ])

  private static let attentionLayerKeys = [
    KeySchema(
      "map",
      .choice([
        Choice("computed", "`softmax(q kᵀ / √width)` per head."),
        Choice("given", "A buffer, row source token, column result token, that never learns."),
      ]), .defaulted(.name("computed")), "Where the attention matrix comes from.",
      example: "computed", appliesTo: ["attention"]),
    KeySchema(
      "value", layer, .defaulted(.name("linear")),
      "What is pooled: the token, or a linear function of it.", example: "linear",
      appliesTo: ["attention"]),
    KeySchema(
      "projection", layer, .defaulted(.name("linear")), "What follows the pooling.",
      example: "linear", appliesTo: ["attention"]),
  ]

  private static let residual = KeySchema(
    "residual", .boolean, .defaulted(.boolean(true)),
    "Whether the sublayer's input is added to its result.", example: "true")

  private static let normOfSublayer = KeySchema(
    "norm", .mapping(norm), .derived("the block's `norm`"), "The norm before this sublayer.",
    example: "{epsilon: 1e-5}")

  static let attention = MappingSchema(
    "attention", "Tokens read one another.",
    keys: attentionLayerKeys.map {
      var key = $0
      key.appliesTo = []
      return key
    } + [normOfSublayer, residual])

  static let crossAttention = MappingSchema(
    "cross_attention",
    "Tokens read the words that the text encoder gives; never modulated, and first the identity.",
    keys: [
      KeySchema(
        "heads", .integer(1...4096), .required,
        "The number of attention heads; divides `latent_dim`.", example: "4"),
      normOfSublayer,
    ])

  private static let layersChoice = ValueSchema.choice([
    Choice("mlp", "Linear to the hidden width, activation, linear back."),
    Choice("linear", "One linear layer."),
  ])

  private static let hidden = KeySchema(
    "hidden", .integer(1...(16 * largestExtent)), .derived("4 times `latent_dim`"),
    "The width between the two layers.", example: "1536", appliesTo: ["mlp"])

  private static let feedForwardActivation = KeySchema(
    "activation", activation, .defaulted(.name("gelu_tanh")),
    "The function between the two layers.", example: "gelu_tanh", appliesTo: ["mlp"])

  static let feedForward = MappingSchema(
    "feed_forward", "Each token on its own.", discriminator: "kind", acceptsName: true,
    exclusive: [("hidden", "ratio")],
    keys: [
      KeySchema(
        "kind", layersChoice, .defaulted(.name("mlp")), "The layers.", example: "mlp"),
      KeySchema(
        "ratio", .number(.positive(to: 16)), .derived("4"),
        "How many times wider than a token the width between the layers is.", example: "4",
        appliesTo: ["mlp"]),
      hidden, feedForwardActivation, normOfSublayer, residual,
    ])

  static let blockGroup = MappingSchema(
    "block_group", "Equal blocks in a row.",
    keys: [
      KeySchema(
        "repeat", .integer(1...largestDepth), .defaulted(.integer(1)), "How many blocks.",
        example: "12"),
      KeySchema(
        "sublayers", .list(.mapping(sublayer), count: 1...64), .required,
        "What each block does, in order.",
        example: "[{kind: attention, heads: 6}, {kind: feed_forward}]"),
    ])

  static let sublayer = MappingSchema(
    "sublayer", "One part of a block: `residual + gate(op(modulate(norm(x))))`.",
    discriminator: "kind",
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("attention", "Tokens read one another."),
          Choice("cross_attention", "Tokens read the words that the text encoder gives."),
          Choice("feed_forward", "Each token on its own."),
        ]), .required, "What it computes.", example: "attention"),
      KeySchema(
        "name", .text(.identifier), .derived("its kind"),
        "The name under which its parameters stand; unique in the block.", example: "attention"),
      KeySchema(
        "heads", .integer(1...4096), .required,
        "The number of attention heads; divides `latent_dim`.", example: "6",
        appliesTo: ["attention", "cross_attention"]),
    ] + attentionLayerKeys + [
      KeySchema(
        "layers", layersChoice, .defaulted(.name("mlp")), "The layers.", example: "mlp",
        appliesTo: ["feed_forward"]),
      sublayerKey(hidden, .derived("4 times `latent_dim`, with `layers: mlp`")),
      sublayerKey(feedForwardActivation, .derived("gelu_tanh, with `layers: mlp`")),
      KeySchema(
        "norm", .mapping(norm), .derived("layer"), "The norm before this sublayer.",
        example: "{epsilon: 1e-5}"),
      KeySchema(
        "modulated", .boolean,
        .derived("true where there is a modulation; false with `cross_attention`"),
        "Whether the condition's scale, shift and gate act here.", example: "true"),
      residual,
    ])

  /// A key of `feed_forward` as a key of a sublayer of that kind.
  private static func sublayerKey(_ key: KeySchema, _ presence: KeySchema.Presence) -> KeySchema {
    KeySchema(
      key.name, key.value, presence, key.summary, example: key.example,
      appliesTo: ["feed_forward"])
  }

  static let finalLayer = MappingSchema(
    "final_layer", "How a token becomes a patch of the prediction.", discriminator: "kind",
    acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("none", "The token is the patch."),
          Choice("linear", "Norm, modulation, linear layer."),
        ]), .defaulted(.name("linear")), "How it computes.", example: "linear"),
      KeySchema(
        "norm", .mapping(norm), .derived("the block's `norm`"), "The norm before the modulation.",
        example: "{epsilon: 1e-6}", appliesTo: ["linear"]),
      KeySchema(
        "modulation", .optional(.list(chunk, count: 0...3)),
        .derived("[shift, scale] where the blocks are modulated by adaln or adaln_zero"),
        "The chunks that modulate it, in order.", example: "[shift, scale]",
        appliesTo: ["linear"]),
      KeySchema(
        "out_channels", extent,
        .derived("the latent's channels, twice as many with `variance: learned_range`"),
        "Channels of the prediction.", example: "8"),
      KeySchema(
        "order", axisOrder, .derived("channels_last; without a layer that of `patch_embedding`"),
        "The order in which a patch is written.", example: "[h, w, c]"),
      KeySchema(
        "skip", .boolean, .defaulted(.boolean(false)),
        "Whether the noisy latent is added, each place of a patch times a number that the "
          + "condition gives.", example: "true", appliesTo: ["linear"]),
    ])
}
