extension SpecRules {
  package static let graphCeiling = rule(
    "graph-ceiling", "A model's graph has at most a million nodes.",
    explanation: """
      Every sublayer of every block becomes some dozens of nodes. Beyond a million, compiling
      takes longer than any model is worth.
      """,
    failing: """
      blocks: [{repeat: 10000, sublayers: [{kind: feed_forward, name: f0}, {kind: feed_forward, name: f1}, {kind: feed_forward, name: f2}, {kind: feed_forward, name: f3}]}]
      """,
    fixed: """
      blocks: [{repeat: 28, sublayers: [{kind: feed_forward, name: f0}, {kind: feed_forward, name: f1}, {kind: feed_forward, name: f2}, {kind: feed_forward, name: f3}]}]
      """)
}
