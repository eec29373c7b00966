import Diagnostics

extension SpecRules {
  package static let sumOfDigits = rule(
    "sum-of-digits", "What is summed is as wide as a token.",
    explanation: """
      `combine: sum` adds the embeddings of the conditions, each as wide as a token. Binary
      digits have no embedding: they are joined to the others with `combine: concat`, or
      replaced by a sinusoidal encoding.
      """,
    failing: "  timestep: {encoding: binary, bits: 10}",
    fixed: "  timestep: sinusoidal")
}

extension SpecDecoder {
  mutating func checkSum(_ conditioning: Conditioning) {
    let path = "conditioning.timestep"
    guard conditioning.combine == .sum, case .binary? = conditioning.timestep, isValid(path),
      isValid("conditioning.combine"), conditioning.modulation != nil
    else { return }
    report(
      SpecRules.sumOfDigits, "binary digits cannot be summed with other conditions",
      help: "write `combine: concat`, or `encoding: sinusoidal`", at: path,
      related: [("conditioning.combine", "conditions are combined here")])
  }
}
