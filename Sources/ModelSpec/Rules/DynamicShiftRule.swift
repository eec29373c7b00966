import Diagnostics
import Schedules

extension SpecRules {
  package static let dynamicShift = rule(
    "dynamic-shift", "A dynamic shift grows with the number of tokens.",
    explanation: """
      `mu` lies on the line through `base_shift` at `base_tokens` and `max_shift` at `max_tokens`.
      Two points make a line only if `max_tokens` is greater, and more tokens call for a greater
      shift. The form `linear` divides by `mu`, which must be above 0 for one token already.
      """,
    failing: "    dynamic_shift: {base_tokens: 4096, max_tokens: 256}",
    fixed: "    dynamic_shift: {base_tokens: 256, max_tokens: 4096}")
}

extension SpecDecoder {
  mutating func checkDynamicShift(_ schedule: FlowSchedule) {
    let path = "diffusion.schedule.dynamic_shift"
    guard case .dynamic(let shift) = schedule.shift, isValid(path) else { return }
    if shift.baseTokens >= shift.maxTokens {
      report(
        SpecRules.dynamicShift,
        "`max_tokens` \(shift.maxTokens) is not above `base_tokens` \(shift.baseTokens)",
        help: "swap the two", at: path + ".max_tokens",
        related: [(path + ".base_tokens", "`base_tokens` is set here")])
    } else if shift.baseShift > shift.maxShift {
      report(
        SpecRules.dynamicShift,
        "`max_shift` \(shift.maxShift) is below `base_shift` \(shift.baseShift)",
        help: "swap the two", at: path + ".max_shift",
        related: [(path + ".base_shift", "`base_shift` is set here")])
    } else if shift.form == .linear, shift.mu(tokenCount: 1) <= 0 {
      report(
        SpecRules.dynamicShift, "`mu` is not above 0 for one token",
        help: "write a greater `base_shift`, or `form: exponential`", at: path + ".base_shift",
        related: [(path + ".form", "the form is set here")])
    }
  }
}
