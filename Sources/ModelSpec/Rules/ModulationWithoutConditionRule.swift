import Diagnostics

extension SpecRules {
  package static let modulationWithoutCondition = rule(
    "modulation-without-condition", "What is modulated is modulated by a condition.",
    explanation: """
      A modulation is made of the sum of the conditions. With none of `timestep`, `label` and
      `prompt` there is nothing to make it of.
      """,
    failing: "  timestep: none",
    fixed: "  timestep: sinusoidal")
}

extension SpecDecoder {
  mutating func checkModulationHasCondition(_ denoiser: Denoiser) {
    let conditioning = denoiser.conditioning
    guard isValid("conditioning"), isValid("blocks"), isValid("final_layer"), denoiser.isModulated
    else { return }
    if conditioning.modulation != nil {
      if conditioning.names.isEmpty {
        report(
          SpecRules.modulationWithoutCondition,
          "there is a modulation, but no condition to make it of",
          help: "add `timestep`, `label` or `prompt` to `conditioning`, or write "
            + "`modulation: none`", at: "conditioning.modulation",
          related: [("conditioning", "the conditions are set here")])
      }
      return
    }
    let modulation = [
      (path: "conditioning.modulation", message: "`conditioning.modulation` is set here")
    ]
    for (groupIndex, group) in denoiser.blocks.enumerated() {
      guard let index = group.sublayers.firstIndex(where: \.modulated) else { continue }
      report(
        SpecRules.modulationWithoutCondition,
        "a sublayer is modulated, but `conditioning.modulation` is none",
        help: "write `modulated: false`, or give a modulation",
        at: "blocks[\(groupIndex)].sublayers[\(index)].modulated", related: modulation)
      return
    }
    report(
      SpecRules.modulationWithoutCondition,
      "the final layer is modulated, but `conditioning.modulation` is none",
      help: "write `final_layer: {modulation: none}`, or give a modulation",
      at: "final_layer.modulation", related: modulation)
  }
}

extension Conditioning {
  /// The names of the conditions that there are.
  var names: [String] {
    [("prompt", prompt != nil), ("label", label != nil), ("timestep", timestep != nil)]
      .filter(\.1).map(\.0)
  }
}
