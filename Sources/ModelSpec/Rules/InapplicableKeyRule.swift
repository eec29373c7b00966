extension SpecRules {
  package static let inapplicableKey = rule(
    "inapplicable-key", "A key stands only beside the kind that it belongs to.",
    explanation: """
      Some keys belong to one kind of a layer only. Beside another kind they would do nothing,
      which is never what the writer meant.
      """,
    failing: "  timestep: {encoding: binary, bits: 10, width: 256}",
    fixed: "  timestep: {encoding: binary, bits: 10}")
}
