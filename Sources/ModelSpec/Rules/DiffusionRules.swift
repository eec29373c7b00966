import Diagnostics
import Schedules

extension SpecDecoder {
  /// The rules of diffusion.
  mutating func checkDiffusion(of spec: ModelSpec) {
    guard let diffusion = spec.diffusion else { return }
    if let schedule = diffusion.schedule { betas(schedule) }
    steps(diffusion)
    guard let denoiser = spec.denoiser else { return }
    binaryBits(denoiser.conditioning, diffusion)
    outChannels(denoiser, diffusion)
    guidance(denoiser.conditioning, diffusion)
  }

  private mutating func betas(_ schedule: NoiseSchedule) {
    let path = "diffusion.schedule.beta_end"
    guard isValid("diffusion.schedule"), schedule.curve != .squaredCosine else { return }
    if schedule.betaStart > schedule.betaEnd {
      report(
        SpecRules.betas,
        "`beta_end` \(schedule.betaEnd) is below `beta_start` \(schedule.betaStart)", at: path,
        related: [("diffusion.schedule.beta_start", "`beta_start` is set here")])
    }
  }

  private mutating func steps(_ diffusion: DiffusionSpec) {
    let path = "diffusion.steps"
    switch diffusion.sampler {
    case .subtract(let start):
      guard isValid(path), isValid("diffusion.start"), diffusion.steps > start + 1 else { return }
      report(
        SpecRules.steps,
        "\(diffusion.steps) steps from `start` \(start) pass 0, expected at most \(start + 1)",
        help: "write `steps: \(start + 1)`, or a greater `start`", at: path,
        related: [("diffusion.start", "`start` is set here")], suggestion: String(start + 1))
    case .ddim(let settings):
      guard let schedule = diffusion.schedule, isValid(path), isValid("diffusion.schedule") else {
        return
      }
      if diffusion.steps > schedule.trainSteps {
        report(
          SpecRules.steps,
          "\(diffusion.steps) steps are more than the \(schedule.trainSteps) training timesteps",
          help: "write `steps: \(schedule.trainSteps)`, or less", at: path,
          related: [("diffusion.schedule.train_steps", "training timesteps are set here")],
          suggestion: String(schedule.trainSteps))
        return
      }
      let stride = schedule.trainSteps / diffusion.steps
      let last = (diffusion.steps - 1) * stride + settings.stepsOffset
      if settings.spacing == .leading, last >= schedule.trainSteps,
        isValid("diffusion.steps_offset")
      {
        report(
          SpecRules.steps,
          "`steps_offset` \(settings.stepsOffset) puts a step at \(last), past the last training "
            + "timestep \(schedule.trainSteps - 1)",
          help: "write at most \(settings.stepsOffset - (last - schedule.trainSteps + 1))",
          at: "diffusion.steps_offset")
      }
    }
  }

  private mutating func binaryBits(
    _ conditioning: Conditioning, _ diffusion: DiffusionSpec
  ) {
    let path = "conditioning.timestep.bits"
    guard case .binary(let bits)? = conditioning.timestep, isValid(path) else { return }
    let greatest: Int
    let source: String
    switch diffusion.sampler {
    case .subtract(let start): (greatest, source) = (start, "diffusion.start")
    case .ddim:
      (greatest, source) = (
        (diffusion.schedule?.trainSteps ?? 1) - 1, "diffusion.schedule.train_steps"
      )
    }
    guard isValid(source), greatest >= 1 << bits else { return }
    let needed = Int.bitWidth - greatest.leadingZeroBitCount
    report(
      SpecRules.binaryBits, "\(bits) binary digits do not hold timestep \(greatest)",
      help: "write `bits: \(needed)`", at: path,
      related: [(source, "the greatest timestep is set here")], suggestion: String(needed))
  }

  private mutating func outChannels(_ denoiser: Denoiser, _ diffusion: DiffusionSpec) {
    let path = "final_layer.out_channels"
    guard isValid(path), isValid("latent"), isValid("diffusion.variance") else { return }
    let channels = denoiser.latent.channels
    let given = denoiser.finalLayer.outChannels
    switch diffusion.variance {
    case .learnedRange:
      if given != 2 * channels {
        report(
          SpecRules.outChannels,
          "`variance: learned_range` needs \(2 * channels) channels of prediction, twice the "
            + "latent's, not \(given)",
          help: "write `out_channels: \(2 * channels)`, or `variance: none`", at: path,
          related: [("diffusion.variance", "the variance is set here")],
          suggestion: String(2 * channels))
      }
    case .none:
      if given < channels {
        report(
          SpecRules.outChannels,
          "`out_channels` \(given) is less than the latent's \(channels) channels",
          help: "write `out_channels: \(channels)`", at: path,
          related: [("latent.channels", "the latent's channels are set here")],
          suggestion: String(channels))
      } else if given > channels {
        warn(
          SpecRules.unusedChannels,
          "channels \(channels + 1) to \(given) of the prediction are not used",
          help: "write `out_channels: \(channels)`, or `variance: learned_range`", at: path)
      }
    }
  }

  private mutating func guidance(_ conditioning: Conditioning, _ diffusion: DiffusionSpec) {
    let path = "diffusion.guidance"
    guard diffusion.guidance != 1, isValid(path), isValid("conditioning.label"),
      isValid("conditioning.prompt"), conditioning.label?.nullClass == nil,
      conditioning.prompt?.dropout ?? 0 == 0
    else { return }
    report(
      SpecRules.guidance, "guidance needs a label or a prompt that training drops at times",
      help: "give the label or the prompt a `dropout` above 0, or remove `guidance`", at: path,
      related: [("conditioning", "conditions are set here")])
  }
}
