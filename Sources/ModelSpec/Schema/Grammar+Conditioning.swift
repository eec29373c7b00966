extension Grammar {
  static let chunk = ValueSchema.choice([
    Choice("shift", "What is added."), Choice("scale", "What is multiplied by."),
    Choice("gate", "The factor of the sublayer's result."),
  ])

  static let conditioning = MappingSchema(
    "conditioning", "What the prediction depends on besides the latent.",
    keys: [
      KeySchema(
        "prompt", .optional(.mapping(prompt)), .derived("none"), "The words.",
        example: "{length: 3, vocabulary: {sora: 0, is: 1, sky: -1}}"),
      KeySchema(
        "label", .optional(.mapping(label)), .derived("none"), "The class.",
        example: "{classes: 1000, dropout: 0.1}"),
      KeySchema(
        "timestep", .mapping(timestep), .derived("none"), "The step.", example: "sinusoidal"),
      KeySchema(
        "combine",
        .choice([
          Choice("sum", "Each is embedded to the width of a token; they are added."),
          Choice("concat", "One after the other: prompt, label, timestep."),
        ]), .defaulted(.name("sum")), "How several conditions become one vector.",
        example: "sum"),
      KeySchema(
        "embedders",
        .choice([
          Choice("shared", "One embedder of timestep and label for all blocks."),
          Choice("per_block", "Each block has its own; the final layer uses the first block's."),
        ]), .defaulted(.name("shared")), "Whether blocks have embedders of their own.",
        example: "shared"),
      KeySchema(
        "modulation", .mapping(modulation), .derived("none"),
        "What the condition does to the tokens.", example: "adaln_zero"),
    ])

  private static let wordEmbedding = ["words"]

  static let unknownWord = ValueSchema.choice([
    Choice("error", "The prompt is refused."), Choice("skip", "The word is left out."),
    Choice("token", "It reads a row of its own."),
  ])

  static let prompt = MappingSchema(
    "prompt", "Words as a condition.", discriminator: "embedding",
    keys: [
      KeySchema(
        "embedding",
        .choice([
          Choice("words", "A vector per word, one after the other."),
          Choice(
            "text_encoder",
            "The mean over the words of what the `text_encoder` makes of them; cross-attention "
              + "reads each."),
        ]),
        .defaulted(.name("words")), "How words become a vector.", example: "words"),
      KeySchema(
        "length", .integer(1...4096), .required,
        "The number of words read; shorter prompts are filled up with zeros.", example: "3",
        appliesTo: wordEmbedding),
      KeySchema(
        "unknown", unknownWord, .defaulted(.name("error")),
        "What becomes of a word that is not in the vocabulary.", example: "error",
        appliesTo: wordEmbedding),
      KeySchema(
        "vocabulary",
        .anyOf([
          .list(.text(.any), count: 1...largestExtent),
          .dictionary(.anyOf([.number(.float), .list(.number(.float), count: 1...largestExtent)])),
        ]), .required,
        "The words: a list, or each with its number or its vector; of a list the vectors are "
          + "learned.", example: "{sora: 0, is: 1, sky: -1}", appliesTo: wordEmbedding),
      KeySchema(
        "width", extent, .derived("the vectors'; of a list of words `latent_dim`"),
        "The width of a word's vector.", example: "1", appliesTo: wordEmbedding),
      KeySchema(
        "dropout", .number(.share), .defaulted(.number(0)),
        "How often training drops the prompt; above 0, guidance can leave it out.",
        example: "0.1"),
    ])

  static let label = MappingSchema(
    "label", "A class by its number.", exclusive: [("names", "names_file")],
    keys: [
      KeySchema(
        "classes", .integer(1...1_000_000), .required, "The number of classes.",
        example: "1000"),
      KeySchema(
        "dropout", .number(.share), .defaulted(.number(0.1)),
        "How often training replaces the class by the null class; above 0, the table has a row "
          + "more.", example: "0.1"),
      KeySchema(
        "names", .dictionary(.text(.any)), .derived("none"),
        "Names of classes by their numbers, several of one class separated by commas; `run` takes "
          + "them as `--label`.", example: "{207: golden retriever}"),
      KeySchema(
        "names_file", .text(.path), .derived("none"),
        "A file with the names instead: one on each line, or JSON from numbers to names.",
        example: "classes.txt"),
    ])

  private static let sinusoidal = ["sinusoidal"]

  static let timestep = MappingSchema(
    "timestep", "The step as a vector.", discriminator: "encoding", acceptsName: true,
    keys: [
      KeySchema(
        "encoding",
        .choice([
          Choice("none", "The prediction does not depend on it."),
          Choice("binary", "Binary digits, most significant first."),
          Choice("sinusoidal", "A sinusoid, then linear, activation, linear."),
        ]), .defaulted(.name("sinusoidal")), "How it becomes a vector.", example: "binary"),
      KeySchema(
        "bits", .integer(1...24), .required, "The number of digits.", example: "2",
        appliesTo: ["binary"]),
      KeySchema(
        "width", .integer(2...largestExtent), .defaulted(.integer(256)),
        "The number of sines and cosines together; even.", example: "256", appliesTo: sinusoidal),
      KeySchema(
        "order",
        .choice([
          Choice("cos_sin", "Cosines, then sines."), Choice("sin_cos", "Sines, then cosines."),
        ]), .defaulted(.name("cos_sin")), "Which half comes first.", example: "cos_sin",
        appliesTo: sinusoidal),
      KeySchema(
        "frequency_shift", .number(NumberRange(lower: 0, upper: 1)), .defaulted(.number(0)),
        "What is taken from half the width in the denominator of the frequencies' exponent: 0 in "
          + "the original DiT, 1 in diffusers' checkpoints.", example: "0", appliesTo: sinusoidal),
      KeySchema(
        "max_period", .number(NumberRange(lower: 1, upper: 1e9)), .defaulted(.number(10_000)),
        "The period of the slowest frequency, in units of 2π.", example: "10000",
        appliesTo: sinusoidal),
      KeySchema(
        "activation", activation, .defaulted(.name("silu")),
        "The function between the two layers.", example: "silu", appliesTo: sinusoidal),
    ])

  private static let forms = ["plain", "adaln", "adaln_zero"]

  static let modulation = MappingSchema(
    "modulation", "What the condition does to the tokens.", discriminator: "form",
    acceptsName: true,
    keys: [
      KeySchema(
        "form",
        .choice([
          Choice("none", "Nothing."), Choice("plain", "`x * scale + shift`."),
          Choice("adaln", "`x * (1 + scale) + shift`."),
          Choice("adaln_zero", "As adaln, and a gate before the residual."),
        ]), .defaulted(.name("adaln_zero")), "How scale and shift act.", example: "adaln_zero"),
      KeySchema(
        "order", .list(chunk, count: 1...3),
        .derived("[shift, scale], with a gate [shift, scale, gate]"),
        "The order of the chunks of one sublayer.", example: "[shift, scale, gate]",
        appliesTo: forms),
      KeySchema(
        "activation", activation, .defaulted(.name("silu")),
        "The function before the linear layer that makes the chunks.", example: "silu",
        appliesTo: forms),
      KeySchema(
        "norm", .mapping(norm), .derived("the block's `norm`"),
        "The block's `norm`, written where it belongs to the modulation.", example: "none",
        appliesTo: forms),
      KeySchema(
        "sublayers",
        .list(
          .choice([
            Choice("attention", "The attention."), Choice("feed_forward", "The feed-forward part."),
          ]), count: 0...2), .derived("all of them"),
        "The sublayers that are modulated; with `blocks` use their key `modulated`.",
        example: "[attention]", appliesTo: forms),
    ])
}
