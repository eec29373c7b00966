import Diagnostics

extension SpecRules {
  package static let unusedModulation = rule(
    "unused-modulation", "A modulation acts on a sublayer or the final layer.", severity: .warning,
    explanation: """
      A modulation that no sublayer and no final layer uses is memory and work for nothing.
      """,
    failing: "  modulation: {form: adaln, sublayers: []}",
    fixed: "  modulation: none")
}

extension SpecDecoder {
  mutating func checkModulationIsUsed(_ denoiser: Denoiser) {
    guard isValid("conditioning"), isValid("blocks"), isValid("final_layer"),
      denoiser.conditioning.modulation != nil, !denoiser.isModulated
    else { return }
    warn(
      SpecRules.unusedModulation, "the modulation acts on no sublayer and no final layer",
      help: "write `modulation: none`", at: "conditioning.modulation")
  }
}
