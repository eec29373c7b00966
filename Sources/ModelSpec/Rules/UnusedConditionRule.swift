import Diagnostics

extension SpecRules {
  package static let unusedCondition = rule(
    "unused-condition", "A condition acts on something.", severity: .warning,
    explanation: """
      A condition reaches the model through modulation, and the words of a text encoder through
      cross-attention. Without either the model reads the input and ignores it, and every prompt
      or label gives the same result.
      """,
    failing: "  modulation: none",
    fixed: "  modulation: adaln_zero")
}

extension SpecDecoder {
  mutating func checkConditionsAreUsed(_ denoiser: Denoiser) {
    guard isValid("conditioning"), isValid("blocks"), isValid("final_layer"),
      !denoiser.isModulated
    else { return }
    for name in denoiser.conditioning.names where !(name == "prompt" && denoiser.readsWords) {
      warn(
        SpecRules.unusedCondition, "`\(name)` changes nothing, because nothing is modulated",
        help: "write `\(name): none`, or give a modulation", at: "conditioning.\(name)",
        related: [("conditioning.modulation", "the modulation is set here")])
    }
  }
}
