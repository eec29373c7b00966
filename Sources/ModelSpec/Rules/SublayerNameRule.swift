import Diagnostics

extension SpecRules {
  package static let sublayerName = rule(
    "sublayer-name", "Sublayers of a block have different names, none of a layer beside them.",
    explanation: """
      The names of parameters are made of the names of sublayers, as in
      `blocks.0.feed_forward.bias`. Two of the same name, or one called like the block's
      modulation, would share parameters that are different.
      """,
    failing: """
      blocks: [{sublayers: [{kind: feed_forward}, {kind: feed_forward, name: feed_forward}, {kind: attention, heads: 4, name: modulation}]}]
      """,
    fixed: """
      blocks: [{sublayers: [{kind: feed_forward}, {kind: feed_forward, name: second}, {kind: attention, heads: 4}]}]
      """)
}

extension SpecDecoder {
  mutating func checkSublayerNames(_ group: BlockGroup, at path: String) {
    var seen: [String: Int] = [:]
    for (index, sublayer) in group.sublayers.enumerated() {
      let name = sublayer.name
      let sublayerPath = "\(path).sublayers[\(index)]"
      guard isValid(sublayerPath + ".name"), isValid(sublayerPath + ".kind") else { continue }
      if let first = seen[name] {
        report(
          SpecRules.sublayerName, "two sublayers of a block have the name `\(name)`",
          help: "give them a `name` each", at: sublayerPath + ".name",
          related: [("\(path).sublayers[\(first)].name", "the first is here")])
      } else if name.contains(".") || ["modulation", "conditioning"].contains(name) {
        report(
          SpecRules.sublayerName,
          name.contains(".")
            ? "the name of a sublayer, `\(name)`, holds a point"
            : "a block has a layer `\(name)` beside its sublayers",
          help: "choose another name", at: sublayerPath + ".name")
      }
      seen[name] = seen[name] ?? index
    }
  }
}
