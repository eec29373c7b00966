import Diagnostics
import Schedules

extension SpecRules {
  package static let betas = rule(
    "betas", "Betas do not fall.",
    explanation: """
      The betas of a schedule say how much noise each timestep adds. They rise from
      `beta_start` to `beta_end`; the other way round the two were most often swapped.
      """,
    failing: "diffusion: {schedule: {beta_start: 0.1, beta_end: 0.01}}",
    fixed: "diffusion: {schedule: {beta_start: 0.01, beta_end: 0.1}}")
}

extension SpecDecoder {
  mutating func checkBetas(_ schedule: BetaSchedule) {
    let path = "diffusion.schedule.beta_end"
    guard isValid("diffusion.schedule"), schedule.curve != .squaredCosine else { return }
    if schedule.betaStart > schedule.betaEnd {
      report(
        SpecRules.betas,
        "`beta_end` \(schedule.betaEnd) is below `beta_start` \(schedule.betaStart)",
        help: "swap the two", at: path,
        related: [("diffusion.schedule.beta_start", "`beta_start` is set here")])
    }
  }
}
