import Diagnostics

extension SpecRules {
  package static let headsDivideWidth = rule(
    "heads-divide-width", "The number of heads divides the width of a token.",
    explanation: """
      Attention cuts the query, key and value of a token into equal parts, one for each head.
      A width that the number of heads does not divide leaves a rest that belongs to no head.
      """,
    failing: "heads: 5",
    fixed: "heads: 4")
}

extension SpecDecoder {
  mutating func checkHeadsDivideWidth(
    _ attention: SelfAttention, latentDim: Int, at path: String
  ) {
    if attention.map == .given, isValid(path + ".map") { return }
    guard isValid(path + ".heads"), isValid("latent_dim"), latentDim % attention.heads != 0 else {
      return
    }
    report(
      SpecRules.headsDivideWidth,
      "heads \(attention.heads) does not divide latent_dim \(latentDim)",
      help: divisorHelp(latentDim, near: attention.heads), at: path + ".heads",
      related: [("latent_dim", "`latent_dim` is set here")],
      suggestion: nearestDivisor(of: latentDim, to: attention.heads).map(String.init))
  }
}
