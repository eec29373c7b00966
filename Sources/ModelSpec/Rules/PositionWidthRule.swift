import Diagnostics

extension SpecRules {
  package static let positionWidth = rule(
    "position-width", "The width of a token divides into the parts of the position table.",
    explanation: """
      A table of sines and cosines gives each axis an equal share of the width, half of it to
      sines and half to cosines: 2 parts in one dimension, 4 in two, 16 in three.
      """,
    failing: "latent_dim: 18",
    fixed: "latent_dim: 20")
}

extension SpecDecoder {
  mutating func checkPositionWidth(_ denoiser: Denoiser) {
    guard isValid("position"), isValid("latent_dim") else { return }
    let divisor: Int
    switch denoiser.position.kind {
    case .none: return
    case .sincos1D: divisor = 2
    case .sincos2D: divisor = 4
    case .sincos3D: divisor = 16
    }
    if denoiser.latentDim % divisor == 0 { return }
    let nearest = max(divisor, (denoiser.latentDim + divisor / 2) / divisor * divisor)
    report(
      SpecRules.positionWidth,
      "`\(denoiser.position.kind.rawValue)` needs a `latent_dim` that \(divisor) divides, not "
        + "\(denoiser.latentDim)",
      help: "write `latent_dim: \(nearest)`, or `position: none`", at: "latent_dim",
      related: [("position", "the position table is chosen here")],
      suggestion: String(nearest))
  }
}
