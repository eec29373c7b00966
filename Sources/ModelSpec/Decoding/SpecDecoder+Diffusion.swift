import Diagnostics
import Schedules

extension SpecDecoder {
  /// The diffusion of a checked mapping.
  mutating func diffusion(_ mapping: CheckedMapping) -> DiffusionSpec {
    let path = "diffusion"
    let kind =
      choice(mapping, "sampler", at: path + ".sampler", as: Sampler.Kind.self) ?? .ddim
    let written = choice(
      mapping, "prediction", at: path + ".prediction", as: Prediction.self)
    let variance =
      choice(mapping, "variance", at: path + ".variance", as: DiffusionSpec.Variance.self)
      ?? .none
    var schedule: NoiseSchedule?
    if kind != .subtract {
      schedule =
        kind == .euler || written == .flow ? .flow(FlowSchedule()) : .betas(BetaSchedule())
      if let given = self.mapping(mapping, "schedule", at: path + ".schedule") {
        schedule = self.schedule(given, at: path + ".schedule")
      }
    }
    return DiffusionSpec(
      schedule: schedule,
      prediction: written
        ?? (kind == .euler || schedule?.isFlow == true ? .flow : .epsilon),
      variance: variance, sampler: sampler(kind, mapping, variance),
      steps: integer(mapping, "steps", at: path + ".steps") ?? (kind == .subtract ? 1 : 50),
      guidance: number(mapping, "guidance", at: path + ".guidance") ?? 1,
      guidanceChannels: integer(mapping, "guidance_channels", at: path + ".guidance_channels"),
      cache: number(mapping, "cache", at: path + ".cache"))
  }

  private mutating func sampler(
    _ kind: Sampler.Kind, _ mapping: CheckedMapping, _ variance: DiffusionSpec.Variance
  ) -> Sampler {
    let path = "diffusion"
    let spacing =
      choice(mapping, "spacing", at: path + ".spacing", as: TimestepSpacing.self)
      ?? kind.spacings.first ?? .leading
    let offset = integer(mapping, "steps_offset", at: path + ".steps_offset") ?? 0
    let clip = number(mapping, "clip_sample", at: path + ".clip_sample")
    switch kind {
    case .subtract:
      return .subtract(start: integer(mapping, "start", at: path + ".start") ?? 0)
    case .ddim:
      return .ddim(
        Sampler.DDIM(
          spacing: spacing, stepsOffset: offset,
          setAlphaToOne: boolean(mapping, "set_alpha_to_one", at: path + ".set_alpha_to_one")
            ?? true,
          eta: number(mapping, "eta", at: path + ".eta") ?? 0, clipSample: clip))
    case .ddpm:
      return .ddpm(
        Sampler.DDPM(
          spacing: spacing, stepsOffset: offset,
          variance: choice(
            mapping, "variance_type", at: path + ".variance_type",
            as: Sampler.DDPM.Variance.self)
            ?? (variance == .learnedRange ? .learnedRange : .fixedSmall),
          clipSample: clip))
    case .dpmSolver:
      return .dpmSolver(dpmSolver(mapping, spacing: spacing, stepsOffset: offset))
    case .euler:
      return .euler(
        Sampler.Euler(
          spacing: spacing,
          shiftTerminal: number(mapping, "shift_terminal", at: path + ".shift_terminal"),
          stochastic: boolean(mapping, "stochastic", at: path + ".stochastic") ?? false))
    }
  }

  private mutating func dpmSolver(
    _ mapping: CheckedMapping, spacing: TimestepSpacing, stepsOffset: Int
  ) -> Sampler.DPMSolver {
    let path = "diffusion"
    return Sampler.DPMSolver(
      spacing: spacing, stepsOffset: stepsOffset,
      solverOrder: integer(mapping, "solver_order", at: path + ".solver_order") ?? 2,
      solverType: choice(
        mapping, "solver_type", at: path + ".solver_type", as: Sampler.DPMSolver.SolverType.self)
        ?? .midpoint,
      lowerOrderFinal: boolean(mapping, "lower_order_final", at: path + ".lower_order_final")
        ?? true,
      eulerAtFinal: boolean(mapping, "euler_at_final", at: path + ".euler_at_final") ?? false,
      sigmas: choice(
        mapping, "sigmas", at: path + ".sigmas", as: Sampler.DPMSolver.Sigmas.self) ?? .schedule,
      finalSigma: choice(
        mapping, "final_sigma", at: path + ".final_sigma",
        as: Sampler.DPMSolver.FinalSigma.self) ?? .zero,
      lambdaMinClipped: number(
        mapping, "lambda_min_clipped", at: path + ".lambda_min_clipped"))
  }

  private mutating func schedule(_ mapping: CheckedMapping, at path: String) -> NoiseSchedule {
    let trainSteps = integer(mapping, "train_steps", at: path + ".train_steps") ?? 1000
    if text(mapping, "curve", at: path + ".curve") == "flow" {
      return .flow(FlowSchedule(trainSteps: trainSteps, shift: shift(mapping, at: path)))
    }
    var schedule = BetaSchedule(trainSteps: trainSteps)
    schedule.curve =
      choice(mapping, "curve", at: path + ".curve", as: BetaSchedule.Curve.self) ?? .linear
    schedule.betaStart =
      number(mapping, "beta_start", at: path + ".beta_start") ?? schedule.betaStart
    schedule.betaEnd = number(mapping, "beta_end", at: path + ".beta_end") ?? schedule.betaEnd
    schedule.zeroTerminalSNR =
      boolean(mapping, "zero_terminal_snr", at: path + ".zero_terminal_snr") ?? false
    return .betas(schedule)
  }

  private mutating func shift(
    _ mapping: CheckedMapping, at path: String
  ) -> FlowSchedule.Shift {
    let dynamicPath = path + ".dynamic_shift"
    guard let dynamic = self.mapping(mapping, "dynamic_shift", at: dynamicPath) else {
      return .constant(number(mapping, "shift", at: path + ".shift") ?? 1)
    }
    let standard = FlowSchedule.DynamicShift()
    return .dynamic(
      FlowSchedule.DynamicShift(
        form: choice(
          dynamic, "form", at: dynamicPath + ".form", as: FlowSchedule.DynamicShift.Form.self)
          ?? standard.form,
        baseShift: number(dynamic, "base_shift", at: dynamicPath + ".base_shift")
          ?? standard.baseShift,
        maxShift: number(dynamic, "max_shift", at: dynamicPath + ".max_shift")
          ?? standard.maxShift,
        baseTokens: integer(dynamic, "base_tokens", at: dynamicPath + ".base_tokens")
          ?? standard.baseTokens,
        maxTokens: integer(dynamic, "max_tokens", at: dynamicPath + ".max_tokens")
          ?? standard.maxTokens))
  }
}
