import Diagnostics
import Schedules

extension SpecRules {
  package static let signalLeft = rule(
    "signal-left", "Every training timestep has some signal left for the sampler to work with.",
    explanation: """
      A step estimates the signal. From a prediction of the noise alone it divides by the signal
      that is left, which `zero_terminal_snr` takes to zero: such a model predicts `velocity` or
      `sample`. Betas so large that nothing is left long before the end are refused with any
      prediction.
      """,
    failing: "diffusion: {schedule: {zero_terminal_snr: true}, prediction: epsilon}",
    fixed: "diffusion: {schedule: {zero_terminal_snr: true}, prediction: velocity}")
}

extension SpecDecoder {
  mutating func checkSignalLeft(_ diffusion: DiffusionSpec) {
    guard case .betas(let schedule)? = diffusion.schedule, isValid("diffusion.schedule"),
      isValid("diffusion.prediction")
    else { return }
    var whole = schedule
    whole.zeroTerminalSNR = false
    // The estimate's factors are 32-bit floats.
    let least = whole.signalLevels.last ?? 1
    if !Float(1 / least.squareRoot()).isFinite {
      report(
        SpecRules.signalLeft, "the betas leave no signal in the last training timestep",
        help: "write a smaller `beta_end`, or fewer `train_steps`",
        at: "diffusion.schedule.beta_end",
        related: [("diffusion.schedule.train_steps", "training timesteps are set here")])
    } else if schedule.zeroTerminalSNR, diffusion.prediction == .epsilon {
      report(
        SpecRules.signalLeft, "`prediction: epsilon` cannot start where no signal is left",
        help: "write `prediction: velocity` or `prediction: sample`, as the model was trained",
        at: "diffusion.prediction",
        related: [("diffusion.schedule.zero_terminal_snr", "the last level is set here")])
    }
  }
}
