import Diagnostics

extension SpecRules {
  package static let givenMapHeads = rule(
    "given-map-heads", "Attention with a given map has one head.",
    explanation: """
      A map that is given in the spec is one matrix over tokens. Several heads would need a
      map each.
      """,
    failing: "heads: 2",
    fixed: "heads: 1")
}

extension SpecDecoder {
  mutating func checkGivenMapHeads(_ attention: SelfAttention, at path: String) {
    guard attention.map == .given, attention.heads != 1, isValid(path + ".heads"),
      isValid(path + ".map")
    else { return }
    report(
      SpecRules.givenMapHeads,
      "attention with a given map has one head, not \(attention.heads)",
      help: "write `heads: 1`", at: path + ".heads",
      related: [(path + ".map", "the map is given here")], suggestion: "1")
  }
}
