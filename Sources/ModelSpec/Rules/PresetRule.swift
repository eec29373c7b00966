extension SpecRules {
  package static let preset = rule(
    "preset", "A preset is one that ships with the program.",
    explanation: """
      A preset is a spec whose keys are taken where the file does not set them. An unknown
      preset would leave every one of those keys open.
      """,
    failing: "preset: dit-m",
    fixed: "preset: dit-s")
}
