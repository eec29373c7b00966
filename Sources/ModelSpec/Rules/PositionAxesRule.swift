import Diagnostics

extension SpecRules {
  package static let positionAxes = rule(
    "position-axes", "Positions in three dimensions need frames.",
    explanation: """
      `sincos_3d` encodes the frame, the row and the column of a token. A picture has no
      frames.
      """,
    failing: "position: sincos_3d",
    fixed: "position: sincos_2d")
}

extension SpecDecoder {
  mutating func checkPositionAxes(_ denoiser: Denoiser) {
    guard isValid("position"), isValid("latent"), denoiser.position.kind == .sincos3D,
      denoiser.latent.frames == nil
    else { return }
    report(
      SpecRules.positionAxes, "`sincos_3d` needs frames, but the latent is a picture's",
      help: "write `position: sincos_2d`", at: "position",
      related: [("latent", "the latent is set here")], suggestion: "sincos_2d")
  }
}
