extension SpecRules {
  package static let text = rule(
    "text", "A text is in the form that its key takes.",
    explanation: """
      A name is part of file names and reports, and a path is read on every machine that the
      spec comes to: both are kept to forms that mean the same everywhere. A path is relative
      and stays within the spec's folder.
      """,
    failing: """
      name: a tiny model
      weights: {file: /etc/model.safetensors}
      """,
    fixed: """
      name: a-tiny-model
      weights: {layout: diffusers}
      """)
}
