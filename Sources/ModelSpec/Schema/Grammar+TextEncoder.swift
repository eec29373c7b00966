extension Grammar {
  static let textEncoder = MappingSchema(
    "text_encoder", "Reads the words of prompts.", discriminator: "kind",
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice(
            "transformer",
            "Words and positions from tables, blocks of attention and feed-forward parts, a norm "
              + "before each and at the end; padding is a word like others.")
        ]), .defaulted(.name("transformer")), "How it computes.", example: "transformer"),
      KeySchema(
        "width", extent, .required, "The width of a word inside it and of its output.",
        example: "64"),
      KeySchema("depth", .integer(1...256), .required, "The number of blocks.", example: "2"),
      KeySchema(
        "heads", .integer(1...4096), .required,
        "The number of attention heads; divides `width`.", example: "4"),
      KeySchema(
        "hidden", .integer(1...(16 * largestExtent)), .derived("4 times `width`"),
        "The width between the two layers of a feed-forward part.", example: "256"),
      KeySchema(
        "activation", activation, .defaulted(.name("gelu_tanh")),
        "The function between the two layers of a feed-forward part.", example: "gelu_tanh"),
      KeySchema(
        "norm_epsilon", .number(.positive(to: 1)), .defaulted(.number(1e-6)),
        "What every norm adds to the variance.", example: "1e-6"),
      KeySchema(
        "length", .integer(1...4096), .required,
        "The number of words read; of longer prompts the end is cut off, shorter ones are filled "
          + "up.", example: "8"),
      KeySchema(
        "unknown", unknownWord, .defaulted(.name("skip")),
        "What becomes of a word that is not in the vocabulary.", example: "token"),
      KeySchema(
        "vocabulary", .list(.text(.any), count: 1...largestExtent), .required, "The words.",
        example: "[sora, is, sky]"),
    ])
}
