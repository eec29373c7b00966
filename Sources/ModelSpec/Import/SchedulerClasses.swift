import Schedules

/// An argument of a diffusers scheduler.
struct SchedulerArgument {
  /// What its value says.
  enum Meaning {
    /// A key of `diffusion`, its value as it is; `null` and what is not finite say `none`.
    case key(String)
    /// A key of `diffusion`; a value by ours for theirs, any other is not supported.
    case names(String, [String: String])
    /// Nothing that a spec can say, but for these values, which say nothing.
    case only([String])
    /// Nothing by itself.
    case ignored
  }

  /// Its name.
  let name: String
  /// Its value where it is left out, as JSON without quotes.
  let standard: String
  /// What its value says.
  let meaning: Meaning

  init(_ name: String, _ standard: String, _ meaning: Meaning) {
    self.name = name
    self.standard = standard
    self.meaning = meaning
  }
}

/// A scheduler class of diffusers that a spec can say.
///
/// - Source: The classes' arguments and defaults in diffusers 0.42.1.
struct SchedulerClass {
  /// Its name.
  let name: String
  /// Ours.
  let sampler: Sampler.Kind
  /// Its arguments.
  let arguments: [SchedulerArgument]
  /// An argument of which a value takes the meaning from others.
  var switches: [Switch] = []

  /// When an argument has a value, others say nothing.
  struct Switch {
    let argument: String
    let value: String
    let silenced: [String]
  }

  static let all = [ddpm, ddim, dpmSolver, euler]

  private static let betas = [
    SchedulerArgument("num_train_timesteps", "1000", .key("schedule.train_steps")),
    SchedulerArgument("beta_start", "0.0001", .key("schedule.beta_start")),
    SchedulerArgument("beta_end", "0.02", .key("schedule.beta_end")),
    SchedulerArgument(
      "beta_schedule", "linear",
      .names(
        "schedule.curve",
        [
          "linear": "linear", "scaled_linear": "scaled_linear",
          "squaredcos_cap_v2": "squared_cosine",
        ])),
    SchedulerArgument("trained_betas", "null", .only(["null"])),
    SchedulerArgument("rescale_betas_zero_snr", "false", .key("schedule.zero_terminal_snr")),
    SchedulerArgument("steps_offset", "0", .key("steps_offset")),
    SchedulerArgument("thresholding", "false", .only(["false"])),
    SchedulerArgument("dynamic_thresholding_ratio", "0.995", .ignored),
    SchedulerArgument("sample_max_value", "1.0", .ignored),
  ]

  private static let predictions = [
    "epsilon": "epsilon", "sample": "sample", "v_prediction": "velocity",
  ]

  private static let spacings = [
    "leading": "leading", "trailing": "trailing", "linspace": "linspace",
  ]

  private static let clipping = [
    SchedulerArgument("clip_sample", "true", .only(["true", "false"])),
    SchedulerArgument("clip_sample_range", "1.0", .key("clip_sample")),
  ]

  private static let clipSwitch = Switch(
    argument: "clip_sample", value: "false", silenced: ["clip_sample_range"])

  private static let ddpm = SchedulerClass(
    name: "DDPMScheduler", sampler: .ddpm,
    arguments: betas + clipping + [
      SchedulerArgument("prediction_type", "epsilon", .names("prediction", predictions)),
      SchedulerArgument("timestep_spacing", "leading", .names("spacing", spacings)),
      // The small one's logarithm says the same; the large one's is no number in diffusers.
      SchedulerArgument(
        "variance_type", "fixed_small",
        .names(
          "variance_type",
          [
            "fixed_small": "fixed_small", "fixed_small_log": "fixed_small",
            "fixed_large": "fixed_large", "learned_range": "learned_range",
          ])),
    ], switches: [clipSwitch])

  private static let ddim = SchedulerClass(
    name: "DDIMScheduler", sampler: .ddim,
    arguments: betas + clipping + [
      SchedulerArgument("prediction_type", "epsilon", .names("prediction", predictions)),
      SchedulerArgument("timestep_spacing", "leading", .names("spacing", spacings)),
      SchedulerArgument("set_alpha_to_one", "true", .key("set_alpha_to_one")),
    ], switches: [clipSwitch])

  private static let dpmSolver = SchedulerClass(
    name: "DPMSolverMultistepScheduler", sampler: .dpmSolver,
    arguments: betas + [
      SchedulerArgument(
        "prediction_type", "epsilon",
        .names("prediction", predictions.merging(["flow_prediction": "flow"]) { $1 })),
      SchedulerArgument("timestep_spacing", "linspace", .names("spacing", spacings)),
      SchedulerArgument("solver_order", "2", .key("solver_order")),
      // `deis` is registered as the other.
      SchedulerArgument("algorithm_type", "dpmsolver++", .only(["dpmsolver++", "deis"])),
      SchedulerArgument(
        "solver_type", "midpoint",
        .names(
          "solver_type",
          [
            "midpoint": "midpoint", "heun": "heun", "logrho": "midpoint", "bh1": "midpoint",
            "bh2": "midpoint",
          ])),
      SchedulerArgument("lower_order_final", "true", .key("lower_order_final")),
      SchedulerArgument("euler_at_final", "false", .key("euler_at_final")),
      SchedulerArgument(
        "use_karras_sigmas", "false",
        .names("sigmas", ["true": "karras", "false": "schedule"])),
      SchedulerArgument("use_exponential_sigmas", "false", .only(["false"])),
      SchedulerArgument("use_beta_sigmas", "false", .only(["false"])),
      SchedulerArgument("use_lu_lambdas", "false", .only(["false"])),
      SchedulerArgument("use_flow_sigmas", "false", .only(["true", "false"])),
      SchedulerArgument("flow_shift", "1.0", .key("schedule.shift")),
      SchedulerArgument("use_dynamic_shifting", "false", .only(["false"])),
      SchedulerArgument("time_shift_type", "exponential", .ignored),
      SchedulerArgument(
        "final_sigmas_type", "zero",
        .names("final_sigma", ["zero": "zero", "sigma_min": "sigma_min"])),
      SchedulerArgument("lambda_min_clipped", "-Infinity", .key("lambda_min_clipped")),
      // It says how the prediction is split, which a spec's `variance` does.
      SchedulerArgument("variance_type", "null", .ignored),
    ],
    switches: [
      Switch(argument: "use_flow_sigmas", value: "false", silenced: ["flow_shift"]),
      Switch(
        argument: "use_flow_sigmas", value: "true",
        silenced: [
          "beta_schedule", "timestep_spacing", "steps_offset", "lambda_min_clipped",
        ]),
    ])

  private static let euler = SchedulerClass(
    name: "FlowMatchEulerDiscreteScheduler", sampler: .euler,
    arguments: [
      SchedulerArgument("num_train_timesteps", "1000", .key("schedule.train_steps")),
      SchedulerArgument("shift", "1.0", .key("schedule.shift")),
      SchedulerArgument("use_dynamic_shifting", "false", .only(["true", "false"])),
      SchedulerArgument("base_shift", "0.5", .key("schedule.dynamic_shift.base_shift")),
      SchedulerArgument("max_shift", "1.15", .key("schedule.dynamic_shift.max_shift")),
      SchedulerArgument("base_image_seq_len", "256", .key("schedule.dynamic_shift.base_tokens")),
      SchedulerArgument("max_image_seq_len", "4096", .key("schedule.dynamic_shift.max_tokens")),
      SchedulerArgument(
        "time_shift_type", "exponential",
        .names(
          "schedule.dynamic_shift.form", ["exponential": "exponential", "linear": "linear"])),
      SchedulerArgument("invert_sigmas", "false", .only(["false"])),
      SchedulerArgument("shift_terminal", "null", .key("shift_terminal")),
      SchedulerArgument("use_karras_sigmas", "false", .only(["false"])),
      SchedulerArgument("use_exponential_sigmas", "false", .only(["false"])),
      SchedulerArgument("use_beta_sigmas", "false", .only(["false"])),
      SchedulerArgument("stochastic_sampling", "false", .key("stochastic")),
    ],
    switches: [
      Switch(
        argument: "use_dynamic_shifting", value: "false",
        silenced: [
          "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len", "time_shift_type",
        ]),
      Switch(argument: "use_dynamic_shifting", value: "true", silenced: ["shift"]),
    ])
}
