import Diagnostics

extension SpecRules {
  package static let perBlockEmbedders = rule(
    "per-block-embedders", "Embedders per block are summed.",
    explanation: """
      Embedders of their own in each block are part of the published models that sum
      conditions; the width of joined ones is not defined there.
      """,
    failing: "  combine: concat",
    fixed: "  combine: sum")
}

extension SpecDecoder {
  mutating func checkPerBlockEmbedders(_ conditioning: Conditioning) {
    guard conditioning.embedders == .perBlock, isValid("conditioning.combine"),
      isValid("conditioning.embedders"), conditioning.combine != .sum
    else { return }
    report(
      SpecRules.perBlockEmbedders, "embedders per block need `combine: sum`",
      help: "write `combine: sum`, or `embedders: shared`", at: "conditioning.embedders",
      related: [("conditioning.combine", "conditions are combined here")])
  }
}
