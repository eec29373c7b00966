extension SpecRules {
  package static let notASpec = rule(
    "not-a-spec", "A spec is a mapping that begins with `ditharos: 1`.",
    explanation: """
      The key `ditharos` says that a YAML file is a spec and in which version of the language
      it is written. Without it the file could be anything, and a folder of mixed YAML files
      could not be checked.
      """,
    failing: "name: tiny",
    fixed: """
      ditharos: 1
      name: tiny
      """)
}
