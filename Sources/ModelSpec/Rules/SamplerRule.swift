import Diagnostics
import Schedules

extension SpecRules {
  package static let sampler = rule(
    "sampler", "The sampler, the prediction and the schedule fit one another.",
    explanation: """
      A sampler knows what to do with some predictions only: Euler's method follows the direction
      of a flow, DDIM and DDPM take back noise that a chain of betas added. A prediction of a flow
      needs `schedule: flow`, any other a schedule of betas. Each sampler has its own ways to space
      timesteps.
      """,
    failing: "diffusion: {sampler: ddim, schedule: flow, prediction: flow}",
    fixed: "diffusion: {sampler: euler, schedule: flow, prediction: flow}")
}

extension SpecDecoder {
  mutating func checkSampler(_ diffusion: DiffusionSpec) {
    let path = "diffusion.sampler"
    guard isValid(path), isValid("diffusion.prediction"), isValid("diffusion.schedule") else {
      return
    }
    let kind = diffusion.sampler.kind
    let prediction = diffusion.prediction
    if !kind.predictions.contains(prediction) {
      let others = Sampler.Kind.allCases.filter { $0.predictions.contains(prediction) }
      report(
        SpecRules.sampler,
        "sampler `\(kind.rawValue)` cannot use `prediction: \(prediction.rawValue)`",
        help: "with that prediction use \(listed(others.map(\.rawValue))); `\(kind.rawValue)` "
          + "needs \(listed(kind.predictions.map(\.rawValue)))",
        at: path, related: [("diffusion.prediction", "the prediction is set here")],
        suggestion: others.first?.rawValue)
      return
    }
    let isFlow = diffusion.schedule?.isFlow ?? false
    if isFlow != (prediction == .flow) {
      report(
        SpecRules.sampler,
        "`prediction: \(prediction.rawValue)` does not fit "
          + (isFlow ? "the schedule of a flow" : "a schedule of betas"),
        help: isFlow ? "write `prediction: flow`, or another curve" : "write `schedule: flow`",
        at: "diffusion.prediction",
        related: [("diffusion.schedule", "the schedule is set here")],
        suggestion: isFlow ? "flow" : nil)
      return
    }
    checkSpacing(diffusion, isFlow: isFlow)
    if case .dpmSolver(let settings) = diffusion.sampler, isFlow { checkFlowKeys(settings) }
  }

  private mutating func checkSpacing(_ diffusion: DiffusionSpec, isFlow: Bool) {
    let path = "diffusion.spacing"
    let kind = diffusion.sampler.kind
    guard let spacing = diffusion.sampler.spacing, isValid(path) else { return }
    let allowed = kind == .dpmSolver && isFlow ? [.linspace] : kind.spacings
    if allowed.contains(spacing) { return }
    report(
      SpecRules.sampler,
      "sampler `\(kind.rawValue)`" + (isFlow && kind == .dpmSolver ? " on a flow" : "")
        + " knows no `spacing: \(spacing.rawValue)`",
      help: "write \(listed(allowed.map(\.rawValue)))", at: path,
      related: [("diffusion.sampler", "the sampler is set here")],
      suggestion: allowed.count == 1 ? allowed[0].rawValue : nil)
  }

  /// Reports settings of DPM-Solver++ that speak of betas.
  private mutating func checkFlowKeys(_ settings: Sampler.DPMSolver) {
    let standard = Sampler.DPMSolver()
    let set = [
      ("steps_offset", settings.stepsOffset != standard.stepsOffset),
      ("sigmas", settings.sigmas != standard.sigmas),
      ("final_sigma", settings.finalSigma != standard.finalSigma),
      ("lambda_min_clipped", settings.lambdaMinClipped != nil),
    ]
    for (name, isSet) in set where isSet && isValid("diffusion.\(name)") {
      report(
        SpecRules.inapplicableKey, "`\(name)` does not apply on a flow",
        help: "it applies with a schedule of betas", at: "diffusion.\(name)",
        related: [("diffusion.schedule", "the schedule is set here")])
    }
  }
}

extension Sampler {
  /// How timesteps are chosen; nil with `subtract`.
  var spacing: TimestepSpacing? {
    switch self {
    case .subtract: nil
    case .ddim(let settings): settings.spacing
    case .ddpm(let settings): settings.spacing
    case .dpmSolver(let settings): settings.spacing
    case .euler(let settings): settings.spacing
    }
  }

  /// What is added to `leading` timesteps.
  var stepsOffset: Int {
    switch self {
    case .ddim(let settings): settings.stepsOffset
    case .ddpm(let settings): settings.stepsOffset
    case .dpmSolver(let settings): settings.stepsOffset
    case .subtract, .euler: 0
    }
  }
}
