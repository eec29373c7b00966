import Diagnostics

extension SpecRules {
  package static let nothingLearnable = rule(
    "nothing-learnable", "A training changes something.",
    explanation: """
      Training changes the parameters that are not frozen. A model whose parameters are all frozen,
      or that has none, stays as it is.
      """,
    failing: "autoencoder: {patch_size: 2, latent_channels: 4, frozen: true}",
    fixed: "autoencoder: {patch_size: 2, latent_channels: 4, frozen: false}")
}

extension SpecDecoder {
  mutating func checkSomethingLearns(_ spec: ModelSpec) {
    let parts = ["autoencoder", "blocks", "patch_embedding", "final_layer", "conditioning"]
    guard isValid("training"), parts.allSatisfy(isValid) else { return }
    let declarations = spec.parameterDeclarations
    guard !declarations.contains(where: \.isLearnable) else { return }
    report(
      SpecRules.nothingLearnable, "there is nothing to train: no parameter is learnable",
      help: spec.autoencoder?.frozen == true
        ? "write `frozen: false`, or remove `training`" : "remove `training`", at: "training",
      related: spec.autoencoder?.frozen == true
        ? [("autoencoder.frozen", "it is frozen here")] : [])
  }
}
