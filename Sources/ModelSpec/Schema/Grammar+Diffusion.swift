extension Grammar {
  private static let ddim = ["ddim"]

  static let diffusion = MappingSchema(
    "diffusion", "How noise is added and taken away.", discriminator: "sampler",
    keys: [
      KeySchema(
        "schedule", .mapping(schedule), .derived("linear"), "The noise of each training timestep.",
        example: "linear", appliesTo: ddim),
      KeySchema(
        "prediction",
        .choice([
          Choice("epsilon", "The noise."),
          Choice("velocity", "`√ᾱ noise - √(1-ᾱ) signal`."),
        ]), .defaulted(.name("epsilon")), "What the denoiser predicts.", example: "epsilon"),
      KeySchema(
        "variance",
        .choice([
          Choice("none", "It has no further channels."),
          Choice("learned_range", "Further channels interpolate between two log variances."),
        ]), .defaulted(.name("none")), "What the denoiser's further channels mean.",
        example: "learned_range"),
      KeySchema(
        "sampler",
        .choice([
          Choice("ddim", "Denoising diffusion implicit model, deterministic."),
          Choice("subtract", "Takes the predicted noise away as it is."),
        ]), .defaulted(.name("ddim")), "How a latent is denoised, step by step.",
        example: "ddim"),
      KeySchema(
        "start", .integer(0...1_000_000), .required,
        "The first timestep; they count down from it.", example: "3", appliesTo: ["subtract"]),
      KeySchema(
        "spacing",
        .choice([
          Choice("leading", "0, n, 2n...: the last training timestep is left out."),
          Choice("trailing", "Counted back from the last training timestep."),
          Choice("linspace", "Evenly spaced, both ends included."),
        ]), .defaulted(.name("leading")),
        "How the timesteps of a run are chosen from those of training.", example: "leading",
        appliesTo: ddim),
      KeySchema(
        "steps_offset", .integer(0...100_000), .defaulted(.integer(0)),
        "What is added to `leading` timesteps.", example: "0", appliesTo: ddim),
      KeySchema(
        "set_alpha_to_one", .boolean, .defaulted(.boolean(true)),
        "Whether the last step ends without noise, rather than at the first timestep's level.",
        example: "true", appliesTo: ddim),
      KeySchema(
        "steps", .integer(1...100_000), .derived("50; 1 with `subtract`"),
        "The number of steps unless a run says otherwise.", example: "50"),
      KeySchema(
        "guidance", .number(NumberRange(lower: 0, upper: 1000)), .defaulted(.number(1)),
        "The guidance scale unless a run says otherwise; 1 is none.", example: "4"),
    ])

  private static let betaCurves = ["linear", "scaled_linear"]

  static let schedule = MappingSchema(
    "schedule", "How much noise each training timestep has.", discriminator: "curve",
    acceptsName: true,
    keys: [
      KeySchema(
        "curve",
        .choice([
          Choice("linear", "Betas evenly spaced."),
          Choice("scaled_linear", "Squares of evenly spaced square roots."),
          Choice("squared_cosine", "A squared cosine for the signal that is left."),
        ]), .defaulted(.name("linear")), "The curve of beta over the training timesteps.",
        example: "linear"),
      KeySchema(
        "train_steps", .integer(1...100_000), .defaulted(.integer(1000)),
        "The number of training timesteps.", example: "1000"),
      KeySchema(
        "beta_start", .number(NumberRange(lower: 0, upper: 1, excludesUpper: true)),
        .defaulted(.number(1e-4)), "The first beta.", example: "0.0001", appliesTo: betaCurves),
      KeySchema(
        "beta_end", .number(NumberRange(lower: 0, upper: 1, excludesUpper: true)),
        .defaulted(.number(0.02)), "The last beta.", example: "0.02", appliesTo: betaCurves),
    ])

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
