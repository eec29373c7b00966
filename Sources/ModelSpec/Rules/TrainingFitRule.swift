import Diagnostics
import Schedules

extension SpecRules {
  package static let trainingFit = rule(
    "training-fit", "The training fits the diffusion.",
    explanation: """
      Min-SNR weighting reads the signal-to-noise ratio of a schedule of betas; on a flow
      `timesteps: logit_normal` prefers timesteps. The timesteps of `subtract`, which has no
      schedule, are drawn evenly.
      A variational weight trains the further channels of `variance: learned_range`.
      """,
    failing: "training: {weighting: min_snr, optimizer: {kind: adamw, learning_rate: 1e-4}}",
    fixed: "training: {timesteps: logit_normal, optimizer: {kind: adamw, learning_rate: 1e-4}}")
}

extension SpecDecoder {
  /// Checks every rule about training.
  mutating func checkTraining(_ training: TrainingSpec, of spec: ModelSpec) {
    if let diffusion = spec.diffusion, isValid("diffusion") {
      checkTrainingFits(training, diffusion)
    }
    checkWarmup(training)
    checkSomethingLearns(spec)
  }

  private mutating func checkTrainingFits(_ training: TrainingSpec, _ diffusion: DiffusionSpec) {
    let schedule = diffusion.schedule == nil ? "sampler" : "schedule"
    let isFlow = diffusion.schedule?.isFlow ?? false
    if case .minSNR = training.weighting, isFlow || diffusion.schedule == nil {
      reportMisfit(
        "weighting", "`weighting: min_snr` needs a schedule of betas",
        help: isFlow
          ? "write `weighting: none`; `timesteps: logit_normal` prefers timesteps of a flow"
          : "write `weighting: none`",
        related: (schedule, "the \(schedule) is set here"), suggestion: "none")
    }
    if case .logitNormal = training.timesteps, diffusion.schedule == nil {
      reportMisfit(
        "timesteps", "`timesteps: logit_normal` needs a schedule",
        help: "write `timesteps: uniform`", related: (schedule, "the \(schedule) is set here"),
        suggestion: "uniform")
    }
    if training.variationalWeight != nil,
      diffusion.variance == .none || diffusion.schedule.map(\.isFlow) ?? true
    {
      reportMisfit(
        "variational_weight",
        "`variational_weight` needs `variance: learned_range` and a schedule of betas",
        help: "remove `variational_weight`", related: ("variance", "the variance is set here"),
        suggestion: nil)
    }
  }

  private mutating func reportMisfit(
    _ key: String, _ message: String, help: String, related: (key: String, message: String),
    suggestion: String?
  ) {
    let path = "training.\(key)"
    guard isValid(path) else { return }
    report(
      SpecRules.trainingFit, message, help: help, at: path,
      related: [("diffusion.\(related.key)", related.message)], suggestion: suggestion)
  }
}
