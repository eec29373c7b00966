extension Grammar {
  static let training = MappingSchema(
    "training", "How the parameters learn.",
    keys: lossKeys + stepKeys)

  /// What is made small.
  private static let lossKeys = [
    KeySchema(
      "loss", .choice([Choice("mse", "The mean squared error of the prediction.")]),
      .defaulted(.name("mse")), "What is made small.", example: "mse"),
    KeySchema(
      "weighting", .mapping(weighting), .derived("none"), "How much a timestep's error counts.",
      example: "min_snr"),
    KeySchema(
      "variational_weight", .number(NumberRange(lower: 0, upper: 1000)),
      .derived("the training timesteps / 1000 with `variance: learned_range`, else none"),
      "The factor of the variational bound per timestep that trains a learned variance.",
      example: "1"),
    KeySchema(
      "timesteps", .mapping(trainingTimesteps), .derived("uniform"),
      "How the timesteps of a batch are drawn.", example: "logit_normal"),
  ]

  /// How a step is made of it.
  private static let stepKeys = [
    KeySchema(
      "optimizer", .mapping(optimizer), .required, "How a step is made of a gradient.",
      example: "{kind: adamw, learning_rate: 1e-4}"),
    KeySchema(
      "schedule", .mapping(rateSchedule), .derived("constant"),
      "How the learning rate changes.", example: "{kind: cosine, warmup: 100}"),
    KeySchema(
      "clip", .optional(.number(.positive(to: 1_000_000))), .derived("none"),
      "The largest norm of all gradients together; longer ones are scaled down.", example: "1"),
    KeySchema(
      "ema", .optional(.number(.share)), .derived("none"),
      "The share of the averaged parameters that a step keeps; `none` keeps no average.",
      example: "0.9999"),
    KeySchema(
      "batch", .integer(1...1024), .defaulted(.integer(1)), "Samples computed together.",
      example: "16"),
    KeySchema(
      "accumulate", .integer(1...65_536), .defaulted(.integer(1)),
      "Batches whose gradients make one step.", example: "4"),
    KeySchema(
      "steps", .integer(1...1_000_000_000), .defaulted(.integer(1000)),
      "The steps of a whole training.", example: "100000"),
  ]

  private static let minSNR = ["min_snr"]
  private static let adamW = ["adamw"]
  private static let logitNormal = ["logit_normal"]

  static let weighting = MappingSchema(
    "weighting", "How much a timestep's error counts.", discriminator: "kind", acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("none", "All the same."),
          Choice("min_snr", "By the signal-to-noise ratio, but at most `gamma`."),
        ]), .defaulted(.name("none")), "Which one.", example: "min_snr"),
      KeySchema(
        "gamma", .number(.positive(to: 1_000_000)), .defaulted(.number(5)),
        "The largest ratio that counts.", example: "5", appliesTo: minSNR),
    ])

  static let trainingTimesteps = MappingSchema(
    "timesteps", "How the timesteps of a batch are drawn.", discriminator: "kind",
    acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("uniform", "All equally often."),
          Choice(
            "logit_normal",
            "The logit of a flow's σ is normal; with betas that of a timestep by their number."),
        ]), .defaulted(.name("uniform")), "Which one.", example: "logit_normal"),
      KeySchema(
        "mean", .number(NumberRange(lower: -100, upper: 100)), .defaulted(.number(0)),
        "The mean of the logit.", example: "0", appliesTo: logitNormal),
      KeySchema(
        "deviation", .number(.positive(to: 100)), .defaulted(.number(1)),
        "The standard deviation of the logit.", example: "1", appliesTo: logitNormal),
    ])

  static let optimizer = MappingSchema(
    "optimizer", "How a step is made of a gradient.", discriminator: "kind",
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("sgd", "Stochastic gradient descent."),
          Choice("adamw", "Adam with decoupled weight decay."),
        ]), .defaulted(.name("sgd")), "Which one.", example: "adamw"),
      KeySchema(
        "learning_rate", .number(.positive(to: 1000)), .required, "The size of a step.",
        example: "0.00390625"),
      KeySchema(
        "betas", .list(.number(.share), count: 2...2), .defaulted(.numbers([0.9, 0.999])),
        "How slowly the means of the gradients and of their squares follow them.",
        example: "[0.9, 0.999]", appliesTo: adamW),
      KeySchema(
        "epsilon", .number(.positive(to: 1)), .defaulted(.number(1e-8)),
        "What is added to the root of the mean square.", example: "1e-8", appliesTo: adamW),
      KeySchema(
        "weight_decay", .number(NumberRange(lower: 0, upper: 1)), .defaulted(.number(0)),
        "The share of a parameter, times the learning rate, that a step takes away.",
        example: "0.01", appliesTo: adamW),
    ])

  static let rateSchedule = MappingSchema(
    "rate_schedule", "How the learning rate changes.", discriminator: "kind", acceptsName: true,
    keys: [
      KeySchema(
        "kind",
        .choice([
          Choice("constant", "It stays."),
          Choice("cosine", "Half a cosine, down to 0 at the end."),
        ]), .defaulted(.name("constant")), "Its course after the warm-up.", example: "cosine"),
      KeySchema(
        "warmup", .integer(0...1_000_000_000), .defaulted(.integer(0)),
        "The steps over which it rises evenly; fewer than `steps`.", example: "1000"),
    ])
}
