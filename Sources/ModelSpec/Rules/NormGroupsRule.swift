import Diagnostics

extension SpecRules {
  package static let normGroups = rule(
    "norm-groups", "The groups of an autoencoder's norms divide the width of every level.",
    explanation: """
      A group norm cuts the channels of a picture into equal groups, and takes mean and variance
      of each. A width that their number does not divide leaves a rest that belongs to no group.
      """,
    failing: "  norm_groups: 24",
    fixed: "  norm_groups: 16")
}

extension SpecDecoder {
  mutating func checkNormGroups(_ layers: KLLayers) {
    let (path, widths) = ("autoencoder.norm_groups", "autoencoder.level_channels")
    guard isValid(path), isValid(widths),
      let rest = layers.levelChannels.first(where: { $0 % layers.normGroups != 0 })
    else { return }
    let divisor = layers.levelChannels.reduce(0, greatestCommonDivisor)
    report(
      SpecRules.normGroups, "norm_groups \(layers.normGroups) does not divide the width \(rest)",
      help: divisorHelp(divisor, near: layers.normGroups, of: 3), at: path,
      related: [(widths, "the widths are set here")],
      suggestion: nearestDivisor(of: divisor, to: layers.normGroups).map(String.init))
  }
}
