extension SpecRules {
  package static let axisOrder = rule(
    "axis-order", "An order names each axis in use once.",
    explanation: """
      The order of a patch's axes decides which weight meets which value. It is a permutation:
      an axis that stands twice or not at all leaves values without a place.
      """,
    failing: "patch_embedding: {order: [h, w, h]}",
    fixed: "patch_embedding: {order: [h, w, c]}")
}
