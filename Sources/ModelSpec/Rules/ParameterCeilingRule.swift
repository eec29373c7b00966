extension SpecRules {
  package static let parameterCeiling = rule(
    "parameter-ceiling", "A model has at most 10^11 parameters.",
    explanation: """
      A spec is checked before anything is allocated, so that a digit too many is an error and
      not a machine out of memory.
      """,
    failing: "latent_dim: 65536",
    fixed: "latent_dim: 1152")
}
