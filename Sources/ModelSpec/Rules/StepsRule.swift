import Diagnostics
import Schedules

extension SpecRules {
  package static let steps = rule(
    "steps", "A run has no more steps than the sampler has timesteps.",
    explanation: """
      A sampler visits each timestep of training at most once. More steps than timesteps would
      repeat some or pass the end.
      """,
    failing: "diffusion: {sampler: subtract, start: 3, steps: 5}",
    fixed: "diffusion: {sampler: subtract, start: 3, steps: 4}")
}

extension SpecDecoder {
  mutating func checkSteps(_ diffusion: DiffusionSpec) {
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
}
