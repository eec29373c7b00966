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
    checkHeads(attention.heads, divide: latentDim, "latent_dim", at: path)
  }

  /// Checks that a number of heads divides the width that stands under a key.
  mutating func checkHeads(
    _ heads: Int, divide width: Int, _ widthPath: String, at path: String
  ) {
    guard isValid(path + ".heads"), isValid(widthPath), width % heads != 0 else { return }
    let key = lastName(widthPath)
    report(
      SpecRules.headsDivideWidth, "heads \(heads) does not divide \(key) \(width)",
      help: divisorHelp(width, near: heads), at: path + ".heads",
      related: [(widthPath, "`\(key)` is set here")],
      suggestion: nearestDivisor(of: width, to: heads).map(String.init))
  }
}
