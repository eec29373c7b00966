import Diagnostics

extension SpecRules {
  package static let guidance = rule(
    "guidance", "Guidance needs a condition that training drops at times.",
    explanation: """
      Classifier-free guidance compares the prediction with a condition to the one without. A
      model learns the latter only if training leaves the condition out at times: `dropout`
      above 0.
      """,
    failing: "  label: {classes: 10, dropout: 0}",
    fixed: "  label: {classes: 10, dropout: 0.1}")
}

extension SpecDecoder {
  mutating func checkGuidance(_ conditioning: Conditioning, _ diffusion: DiffusionSpec) {
    let path = "diffusion.guidance"
    guard diffusion.guidance != 1, isValid(path), isValid("conditioning.label"),
      isValid("conditioning.prompt"), conditioning.label?.nullClass == nil,
      conditioning.prompt?.dropout ?? 0 == 0
    else { return }
    report(
      SpecRules.guidance, "guidance needs a label or a prompt that training drops at times",
      help: "give the label or the prompt a `dropout` above 0, or remove `guidance`", at: path,
      related: [("conditioning", "conditions are set here")])
  }
}
