/// The schedulers of diffusers that a spec can say.
extension ImportedClass {
  static let schedulers = [ddpm, ddim, dpmSolver, euler]

  private static let betas = [
    ImportedArgument("num_train_timesteps", "1000", .key("diffusion.schedule.train_steps")),
    ImportedArgument("beta_start", "0.0001", .key("diffusion.schedule.beta_start")),
    ImportedArgument("beta_end", "0.02", .key("diffusion.schedule.beta_end")),
    ImportedArgument(
      "beta_schedule", "linear",
      .names(
        "diffusion.schedule.curve",
        [
          "linear": "linear", "scaled_linear": "scaled_linear",
          "squaredcos_cap_v2": "squared_cosine",
        ])),
    ImportedArgument("trained_betas", "null", .only(["null"])),
    ImportedArgument(
      "rescale_betas_zero_snr", "false", .key("diffusion.schedule.zero_terminal_snr")),
    ImportedArgument("steps_offset", "0", .key("diffusion.steps_offset")),
    ImportedArgument("thresholding", "false", .only(["false"])),
    ImportedArgument("dynamic_thresholding_ratio", "0.995", .ignored),
    ImportedArgument("sample_max_value", "1.0", .ignored),
  ]

  private static let predictions = [
    "epsilon": "epsilon", "sample": "sample", "v_prediction": "velocity",
  ]

  private static let spacings = [
    "leading": "leading", "trailing": "trailing", "linspace": "linspace",
  ]

  private static let clipping = [
    ImportedArgument("clip_sample", "true", .only(["true", "false"])),
    ImportedArgument("clip_sample_range", "1.0", .key("diffusion.clip_sample")),
  ]

  private static let clipSwitch = Switch(
    argument: "clip_sample", value: "false", silenced: ["clip_sample_range"])

  private static let ddpm = ImportedClass(
    name: "DDPMScheduler",
    arguments: betas + clipping + [
      ImportedArgument("prediction_type", "epsilon", .names("diffusion.prediction", predictions)),
      ImportedArgument("timestep_spacing", "leading", .names("diffusion.spacing", spacings)),
      // The small one's logarithm says the same; the large one's is no number in diffusers.
      ImportedArgument(
        "variance_type", "fixed_small",
        .names(
          "diffusion.variance_type",
          [
            "fixed_small": "fixed_small", "fixed_small_log": "fixed_small",
            "fixed_large": "fixed_large", "learned_range": "learned_range",
          ])),
    ], switches: [clipSwitch], constants: [("diffusion.sampler", "ddpm")])

  private static let ddim = ImportedClass(
    name: "DDIMScheduler",
    arguments: betas + clipping + [
      ImportedArgument("prediction_type", "epsilon", .names("diffusion.prediction", predictions)),
      ImportedArgument("timestep_spacing", "leading", .names("diffusion.spacing", spacings)),
      ImportedArgument("set_alpha_to_one", "true", .key("diffusion.set_alpha_to_one")),
    ], switches: [clipSwitch], constants: [("diffusion.sampler", "ddim")])

  private static let dpmSolver = ImportedClass(
    name: "DPMSolverMultistepScheduler",
    arguments: betas + [
      ImportedArgument(
        "prediction_type", "epsilon",
        .names("diffusion.prediction", predictions.merging(["flow_prediction": "flow"]) { $1 })),
      ImportedArgument("timestep_spacing", "linspace", .names("diffusion.spacing", spacings)),
      ImportedArgument("solver_order", "2", .key("diffusion.solver_order")),
      // `deis` is registered as the other.
      ImportedArgument("algorithm_type", "dpmsolver++", .only(["dpmsolver++", "deis"])),
      ImportedArgument(
        "solver_type", "midpoint",
        .names(
          "diffusion.solver_type",
          [
            "midpoint": "midpoint", "heun": "heun", "logrho": "midpoint", "bh1": "midpoint",
            "bh2": "midpoint",
          ])),
      ImportedArgument("lower_order_final", "true", .key("diffusion.lower_order_final")),
      ImportedArgument("euler_at_final", "false", .key("diffusion.euler_at_final")),
      ImportedArgument(
        "use_karras_sigmas", "false",
        .names("diffusion.sigmas", ["true": "karras", "false": "schedule"])),
      ImportedArgument("use_exponential_sigmas", "false", .only(["false"])),
      ImportedArgument("use_beta_sigmas", "false", .only(["false"])),
      ImportedArgument("use_lu_lambdas", "false", .only(["false"])),
      ImportedArgument("use_flow_sigmas", "false", .only(["true", "false"])),
      ImportedArgument("flow_shift", "1.0", .key("diffusion.schedule.shift")),
      ImportedArgument("use_dynamic_shifting", "false", .only(["false"])),
      ImportedArgument("time_shift_type", "exponential", .ignored),
      ImportedArgument(
        "final_sigmas_type", "zero",
        .names("diffusion.final_sigma", ["zero": "zero", "sigma_min": "sigma_min"])),
      ImportedArgument("lambda_min_clipped", "-Infinity", .key("diffusion.lambda_min_clipped")),
      // It says how the prediction is split, which a spec's `variance` does.
      ImportedArgument("variance_type", "null", .ignored),
    ],
    switches: [
      Switch(argument: "use_flow_sigmas", value: "false", silenced: ["flow_shift"]),
      Switch(
        argument: "use_flow_sigmas", value: "true",
        silenced: [
          "beta_schedule", "timestep_spacing", "steps_offset", "lambda_min_clipped",
        ], values: [("diffusion.schedule.curve", "flow")]),
    ], constants: [("diffusion.sampler", "dpm_solver")])

  private static let euler = ImportedClass(
    name: "FlowMatchEulerDiscreteScheduler",
    arguments: [
      ImportedArgument("num_train_timesteps", "1000", .key("diffusion.schedule.train_steps")),
      ImportedArgument("shift", "1.0", .key("diffusion.schedule.shift")),
      ImportedArgument("use_dynamic_shifting", "false", .only(["true", "false"])),
      ImportedArgument("base_shift", "0.5", .key("diffusion.schedule.dynamic_shift.base_shift")),
      ImportedArgument("max_shift", "1.15", .key("diffusion.schedule.dynamic_shift.max_shift")),
      ImportedArgument(
        "base_image_seq_len", "256", .key("diffusion.schedule.dynamic_shift.base_tokens")),
      ImportedArgument(
        "max_image_seq_len", "4096", .key("diffusion.schedule.dynamic_shift.max_tokens")),
      ImportedArgument(
        "time_shift_type", "exponential",
        .names(
          "diffusion.schedule.dynamic_shift.form",
          ["exponential": "exponential", "linear": "linear"])),
      ImportedArgument("invert_sigmas", "false", .only(["false"])),
      ImportedArgument("shift_terminal", "null", .key("diffusion.shift_terminal")),
      ImportedArgument("use_karras_sigmas", "false", .only(["false"])),
      ImportedArgument("use_exponential_sigmas", "false", .only(["false"])),
      ImportedArgument("use_beta_sigmas", "false", .only(["false"])),
      ImportedArgument("stochastic_sampling", "false", .key("diffusion.stochastic")),
    ],
    switches: [
      Switch(
        argument: "use_dynamic_shifting", value: "false",
        silenced: [
          "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len", "time_shift_type",
        ]),
      Switch(argument: "use_dynamic_shifting", value: "true", silenced: ["shift"]),
    ],
    constants: [
      ("diffusion.sampler", "euler"), ("diffusion.schedule.curve", "flow"),
      ("diffusion.prediction", "flow"),
    ])
}
