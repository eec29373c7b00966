extension SpecRules {
  package static let contradiction = rule(
    "contradiction", "Of keys that say the same thing one is written.",
    explanation: """
      Two keys that both decide the same thing could disagree, and which of them wins would be
      a guess. `blocks` spells the stack out, and `depth` and `heads` describe it in short:
      write one or the other.
      """,
    failing: """
      depth: 2
      heads: 4
      blocks: [{sublayers: [{kind: attention, heads: 4}]}]
      """,
    fixed: "blocks: [{sublayers: [{kind: attention, heads: 4}]}]")
}
