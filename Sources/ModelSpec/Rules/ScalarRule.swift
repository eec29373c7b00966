extension SpecRules {
  package static let scalar = rule(
    "scalar", "Numbers are plain decimal digits; only floats have a fraction or an exponent.",
    explanation: """
      YAML readers disagree about `0o6`, `0x6`, `06` and `1_000`: what is octal to one is
      decimal or a string to the next. Numbers are written in plain decimal digits, without
      quotes, so that every reader sees the same number.
      """,
    failing: #"""
      latent: {channels: 0o4, height: 0x8, width: 08}
      patch_size: "2"
      latent_dim: 1_6
      depth: 2.0
      heads: 4e0
        label: {classes: 10, dropout: +0.1}
      """#,
    fixed: """
      latent: {channels: 4, height: 8, width: 8}
      patch_size: 2
      latent_dim: 16
      depth: 2
      heads: 4
        label: {classes: 10, dropout: 0.1}
      """)
}
