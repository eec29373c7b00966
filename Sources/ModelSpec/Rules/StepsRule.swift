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
    guard isValid(path), isValid("diffusion.schedule") else { return }
    let most = diffusion.sampler.maximumStepCount(diffusion.schedule)
    guard diffusion.steps > most else {
      checkLastTimestep(diffusion)
      return
    }
    switch diffusion.sampler {
    case .subtract(let start):
      guard isValid("diffusion.start") else { return }
      report(
        SpecRules.steps,
        "\(diffusion.steps) steps from `start` \(start) pass 0, expected at most \(most)",
        help: "write `steps: \(most)`, or a greater `start`", at: path,
        related: [("diffusion.start", "`start` is set here")], suggestion: String(most))
    case .ddim, .ddpm, .dpmSolver, .euler:
      guard let schedule = diffusion.schedule else { return }
      if most < 1 {
        report(
          SpecRules.steps, "sampler \(diffusion.sampler.name) has no timestep to visit",
          help: "write more `train_steps`, or a lower `lambda_min_clipped`", at: path,
          related: [("diffusion.schedule", "training timesteps are set here")])
        return
      }
      report(
        SpecRules.steps,
        most == schedule.trainSteps
          ? "\(diffusion.steps) steps are more than the \(most) training timesteps"
          : "\(diffusion.steps) steps are more than the \(most) that sampler "
            + "\(diffusion.sampler.name) can take of \(schedule.trainSteps) training timesteps",
        help: "write `steps: \(most)`, or less", at: path,
        related: [("diffusion.schedule.train_steps", "training timesteps are set here")],
        suggestion: String(most))
    }
  }

  /// Reports an offset that passes the end of training.
  private mutating func checkLastTimestep(_ diffusion: DiffusionSpec) {
    guard case .betas(let schedule)? = diffusion.schedule, isValid("diffusion.steps_offset"),
      let last = diffusion.sampler.trainTimesteps(of: schedule, steps: diffusion.steps).first,
      last >= schedule.trainSteps
    else { return }
    let excess = last - (schedule.trainSteps - 1)
    let offset = diffusion.sampler.stepsOffset
    report(
      SpecRules.steps,
      "`steps_offset` \(offset) puts a step at \(last), past the last training "
        + "timestep \(schedule.trainSteps - 1)", help: "write at most \(offset - excess)",
      at: "diffusion.steps_offset")
  }
}
