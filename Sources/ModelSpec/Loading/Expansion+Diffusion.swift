import Documents
import Schedules

extension DiffusionSpec {
  var canonicalValue: YAMLValue {
    canonicalMapping(
      [
        ("schedule", schedule?.canonicalValue), ("prediction", canonicalName(prediction)),
        ("variance", canonicalName(variance)), ("sampler", .plain(sampler.name)),
      ] + sampler.canonicalEntries + [
        ("steps", .integer(steps)), ("guidance", .number(guidance)),
        ("guidance_channels", guidanceChannels.map(YAMLValue.integer)),
        ("cache", cache.map(YAMLValue.number)),
      ])
  }
}

extension Sampler {
  fileprivate var canonicalEntries: [(key: String, value: YAMLValue?)] {
    switch self {
    case .subtract(let start): [("start", .integer(start))]
    case .ddim(let settings):
      [
        ("spacing", canonicalName(settings.spacing)),
        ("steps_offset", .integer(settings.stepsOffset)),
        ("set_alpha_to_one", .bool(settings.setAlphaToOne)), ("eta", .number(settings.eta)),
        ("clip_sample", canonicalOptional(settings.clipSample)),
      ]
    case .ddpm(let settings):
      [
        ("spacing", canonicalName(settings.spacing)),
        ("steps_offset", .integer(settings.stepsOffset)),
        ("clip_sample", canonicalOptional(settings.clipSample)),
        ("variance_type", canonicalName(settings.variance)),
      ]
    case .dpmSolver(let settings):
      [
        ("spacing", canonicalName(settings.spacing)),
        ("steps_offset", .integer(settings.stepsOffset)),
        ("solver_order", .integer(settings.solverOrder)),
        ("solver_type", canonicalName(settings.solverType)),
        ("lower_order_final", .bool(settings.lowerOrderFinal)),
        ("euler_at_final", .bool(settings.eulerAtFinal)),
        ("sigmas", canonicalName(settings.sigmas)),
        ("final_sigma", canonicalName(settings.finalSigma)),
        ("lambda_min_clipped", canonicalOptional(settings.lambdaMinClipped)),
      ]
    case .euler(let settings):
      [
        ("spacing", canonicalName(settings.spacing)),
        ("shift_terminal", canonicalOptional(settings.shiftTerminal)),
        ("stochastic", .bool(settings.stochastic)),
      ]
    }
  }
}

extension NoiseSchedule {
  var canonicalValue: YAMLValue {
    switch self {
    case .betas(let schedule):
      let hasBetas = schedule.curve != .squaredCosine
      return canonicalMapping([
        ("curve", canonicalName(schedule.curve)), ("train_steps", .integer(schedule.trainSteps)),
        ("beta_start", hasBetas ? .number(schedule.betaStart) : nil),
        ("beta_end", hasBetas ? .number(schedule.betaEnd) : nil),
        ("zero_terminal_snr", .bool(schedule.zeroTerminalSNR)),
      ])
    case .flow(let schedule):
      return canonicalMapping([
        ("curve", .plain("flow")), ("train_steps", .integer(schedule.trainSteps)),
        schedule.shift.canonicalEntry,
      ])
    }
  }
}

extension FlowSchedule.Shift {
  fileprivate var canonicalEntry: (key: String, value: YAMLValue?) {
    switch self {
    case .constant(let factor): ("shift", .number(factor))
    case .dynamic(let shift):
      (
        "dynamic_shift",
        canonicalMapping([
          ("form", canonicalName(shift.form)), ("base_shift", .number(shift.baseShift)),
          ("max_shift", .number(shift.maxShift)), ("base_tokens", .integer(shift.baseTokens)),
          ("max_tokens", .integer(shift.maxTokens)),
        ])
      )
    }
  }
}
