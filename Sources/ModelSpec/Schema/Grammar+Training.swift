extension Grammar {
  static let training = MappingSchema(
    "training", "How the parameters learn.",
    keys: [
      KeySchema(
        "loss", .choice([Choice("mse", "The mean squared error of the prediction.")]),
        .defaulted(.name("mse")), "What is made small.", example: "mse"),
      KeySchema(
        "optimizer", .mapping(optimizer), .required, "How a step is made of a gradient.",
        example: "{kind: sgd, learning_rate: 0.01}"),
    ])

  static let optimizer = MappingSchema(
    "optimizer", "How a step is made of a gradient.", discriminator: "kind",
    keys: [
      KeySchema(
        "kind", .choice([Choice("sgd", "Stochastic gradient descent.")]),
        .defaulted(.name("sgd")), "Which one.", example: "sgd"),
      KeySchema(
        "learning_rate", .number(.positive(to: 1000)), .required, "The size of a step.",
        example: "0.00390625"),
    ])

  static let example = MappingSchema(
    "example", "Values that a run takes unless it is given others.",
    exclusive: [("image", "video")],
    keys: [
      KeySchema(
        "prompt", .text(.any), .derived("none"), "The prompt.", example: "sora is sky"),
      KeySchema(
        "label", .integer(0...1_000_000), .derived("none"), "The class.", example: "207"),
      KeySchema(
        "timestep", .integer(0...1_000_000), .derived("none"), "The step at which a trace looks.",
        example: "3"),
      KeySchema(
        "image", .numbers, .derived("none"),
        "A picture as [channels][height][width]; extents of 1 may be left out.",
        example: "[[0, 1], [1, 0]]"),
      KeySchema(
        "video", .numbers, .derived("none"),
        "A video as [channels][frames][height][width]; extents of 1 may be left out.",
        example: "[[[0, 1], [1, 0]], [[1, 0], [0, 1]]]"),
      KeySchema(
        "noise", .numbers, .derived("none"),
        "The noise, in the latent's shape; extents of 1 may be left out.",
        example: "[[1, -1, 1, -1], [1, -1, 0, 0]]"),
      KeySchema(
        "published", .list(.text(.any), count: 0...256), .derived("none"),
        "The values, as `step.name` of a trace, that the example's author published.",
        example: "[encode.weight]"),
    ])
}
