import Schedules

extension Grammar {
  private static let scheduled = ["ddim", "ddpm", "dpm_solver", "euler"]
  private static let chained = ["ddim", "ddpm", "dpm_solver"]
  private static let clipping = ["ddim", "ddpm"]
  private static let ddim = ["ddim"]
  private static let ddpm = ["ddpm"]
  private static let dpmSolver = ["dpm_solver"]
  private static let euler = ["euler"]

  static let diffusion = MappingSchema(
    "diffusion", "How noise is added and taken away.", discriminator: "sampler",
    keys: modelKeys + samplerKeys + solverKeys + runKeys)

  /// What the denoiser was trained for.
  private static let modelKeys = [
    KeySchema(
      "schedule", .mapping(schedule), .derived("linear; a flow with `prediction: flow` or `euler`"),
      "The noise of each training timestep.", example: "linear", appliesTo: scheduled),
    KeySchema(
      "prediction",
      .choice([
        Choice("epsilon", "The noise."),
        Choice("velocity", "`√ᾱ noise - √(1-ᾱ) signal`."),
        Choice("sample", "The signal."),
        Choice("flow", "`noise - signal`, the direction of a flow."),
      ]), .derived("epsilon; flow with a flow's schedule or `euler`"),
      "What the denoiser predicts.", example: "epsilon"),
    KeySchema(
      "variance",
      .choice([
        Choice("none", "It has no further channels."),
        Choice("learned_range", "Further channels interpolate between two log variances."),
      ]), .defaulted(.name("none")), "What the denoiser's further channels mean.",
      example: "learned_range"),
  ]

  private static let samplerKeys = [
    KeySchema(
      "sampler",
      .choice([
        Choice("ddim", "Denoising diffusion implicit model; deterministic while `eta` is 0."),
        Choice("ddpm", "Ancestral sampling: each step adds noise."),
        Choice("dpm_solver", "DPM-Solver++, multistep (2M): good with few steps."),
        Choice("euler", "Euler's method on a flow."),
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
        Choice("linspace", "Evenly spaced, both ends included; one point more with `dpm_solver`."),
        Choice("respaced", "Evenly spaced as the original DiT does it; with `ddpm` only."),
      ]), .derived("leading; linspace with `dpm_solver` and `euler`"),
      "How the timesteps of a run are chosen from those of training.", example: "leading",
      appliesTo: scheduled),
    KeySchema(
      "steps_offset", .integer(0...100_000), .defaulted(.integer(0)),
      "What is added to `leading` timesteps.", example: "0", appliesTo: chained),
    KeySchema(
      "set_alpha_to_one", .boolean, .defaulted(.boolean(true)),
      "Whether the last step ends without noise, rather than at the first timestep's level.",
      example: "true", appliesTo: ddim),
    KeySchema(
      "eta", .number(NumberRange(lower: 0, upper: 1)), .defaulted(.number(0)),
      "The share of DDPM's noise that each step adds.", example: "0", appliesTo: ddim),
    KeySchema(
      "clip_sample", .optional(.number(.positive(to: 1_000_000))), .derived("none"),
      "The largest magnitude of the signal that a step estimates.", example: "1",
      appliesTo: clipping),
    KeySchema(
      "variance_type",
      .choice([
        Choice("fixed_small", "The posterior's, `(1-ᾱ') / (1-ᾱ) beta`."),
        Choice("fixed_large", "`beta`."),
        Choice("learned_range", "Between the two, as the denoiser's further channels say."),
      ]), .derived("fixed_small; learned_range with `variance: learned_range`"),
      "The variance of the noise that a step adds.", example: "fixed_small", appliesTo: ddpm),
    KeySchema(
      "shift_terminal",
      .optional(
        .number(NumberRange(lower: 0, upper: 1, excludesLower: true, excludesUpper: true))),
      .derived("none"),
      "The noise of the last step, to which the others are stretched.", example: "0.1",
      appliesTo: euler),
    KeySchema(
      "stochastic", .boolean, .defaulted(.boolean(false)),
      "Whether a step mixes its estimate of the signal with new noise.", example: "false",
      appliesTo: euler),
  ]

  private static let solverKeys = [
    KeySchema(
      "solver_order", .integer(1...2), .defaulted(.integer(2)),
      "How many estimates of the signal a step uses.", example: "2", appliesTo: dpmSolver),
    KeySchema(
      "solver_type",
      .choice([
        Choice("midpoint", "The slope is taken at half the step."),
        Choice("heun", "The slope is integrated over the step."),
      ]), .defaulted(.name("midpoint")), "How the second order uses two estimates.",
      example: "midpoint", appliesTo: dpmSolver),
    KeySchema(
      "lower_order_final", .boolean, .defaulted(.boolean(true)),
      "Whether the last step of fewer than 15 is of first order.", example: "true",
      appliesTo: dpmSolver),
    KeySchema(
      "euler_at_final", .boolean, .defaulted(.boolean(false)),
      "Whether the last step is of first order.", example: "false", appliesTo: dpmSolver),
    KeySchema(
      "sigmas",
      .choice([
        Choice("schedule", "Those of the run's timesteps."),
        Choice("karras", "By Karras et al. (arXiv 2206.00364), with ρ = 7."),
      ]), .defaulted(.name("schedule")), "How the noise levels of a run are chosen.",
      example: "schedule", appliesTo: dpmSolver),
    KeySchema(
      "final_sigma",
      .choice([
        Choice("zero", "Without noise: the last step gives its estimate of the signal."),
        Choice("sigma_min", "At the first training timestep's level."),
      ]), .defaulted(.name("zero")), "Where a run ends.", example: "zero",
      appliesTo: dpmSolver),
    KeySchema(
      "lambda_min_clipped", .optional(.number(NumberRange(lower: -1000, upper: 1000))),
      .derived("none"), "The least logarithm of signal over noise at which a run starts.",
      example: "-5.1", appliesTo: dpmSolver),
  ]

  private static let runKeys = [
    KeySchema(
      "steps", .integer(1...100_000), .derived("50; 1 with `subtract`"),
      "The number of steps unless a run says otherwise.", example: "50"),
    KeySchema(
      "guidance", .number(NumberRange(lower: 0, upper: 1000)), .defaulted(.number(1)),
      "The guidance scale unless a run says otherwise; 1 is none.", example: "4"),
    KeySchema(
      "guidance_channels", extent, .derived("all of the latent's"),
      "How many of the latent's channels, the first ones, are guided; the original DiT guides 3.",
      example: "3"),
    KeySchema(
      "cache", .optional(.number(NumberRange(lower: 0, upper: 10))), .derived("none"),
      "The share by which what the first block adds may change from step to step for the other "
        + "blocks to be skipped.", example: "0.1"),
  ]

  private static let betaCurves = ["linear", "scaled_linear"]
  private static let chains = ["linear", "scaled_linear", "squared_cosine"]
  private static let flow = ["flow"]

  static let schedule = MappingSchema(
    "schedule", "How much noise each training timestep has.", discriminator: "curve",
    acceptsName: true, exclusive: [("shift", "dynamic_shift")],
    keys: [
      KeySchema(
        "curve",
        .choice([
          Choice("linear", "Betas evenly spaced."),
          Choice("scaled_linear", "Squares of evenly spaced square roots."),
          Choice("squared_cosine", "A squared cosine for the signal that is left."),
          Choice("flow", "A straight line from signal to noise, `(1-σ) signal + σ noise`."),
        ]), .defaulted(.name("linear")), "The curve of the betas over training, or a flow.",
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
      KeySchema(
        "zero_terminal_snr", .boolean, .defaulted(.boolean(false)),
        "Whether the levels are stretched so that the last timestep has no signal left.",
        example: "false", appliesTo: chains),
      KeySchema(
        "shift", .number(.positive(to: 1000)), .derived("1, unless `dynamic_shift` is there"),
        "How far a run's noise levels move towards the noise: `s σ / (1 + (s-1) σ)`.",
        example: "3", appliesTo: flow),
      KeySchema(
        "dynamic_shift", .mapping(dynamicShift), .derived("none"),
        "A shift that depends on the number of tokens.", example: "{base_shift: 0.5}",
        appliesTo: flow),
    ])

  static let dynamicShift = MappingSchema(
    "dynamic_shift", "A shift of noise levels that grows with the number of tokens.",
    keys: [
      KeySchema(
        "form",
        .choice([
          Choice("exponential", "`exp(mu) / (exp(mu) + 1/σ - 1)`."),
          Choice("linear", "`mu / (mu + 1/σ - 1)`."),
        ]), .defaulted(.name("exponential")), "What `mu` does.", example: "exponential"),
      KeySchema(
        "base_shift", .number(.positive(to: 100)), .defaulted(.number(0.5)),
        "The value of `mu` with `base_tokens` tokens.", example: "0.5"),
      KeySchema(
        "max_shift", .number(.positive(to: 100)), .defaulted(.number(1.15)),
        "The value of `mu` with `max_tokens` tokens; between and beyond, it lies on a line.",
        example: "1.15"),
      KeySchema(
        "base_tokens", .integer(1...10_000_000), .defaulted(.integer(256)),
        "A small number of tokens.", example: "256"),
      KeySchema(
        "max_tokens", .integer(1...10_000_000), .defaulted(.integer(4096)),
        "A large number of tokens; not `base_tokens`.", example: "4096"),
    ])
}
