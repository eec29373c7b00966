extension SpecDecoder {
  /// Checks every rule about how the parts of a spec fit; a rule that reads a stand-in is silent.
  mutating func checkRules(of spec: ModelSpec) {
    checkPixels(of: spec)
    if let denoiser = spec.denoiser {
      checkDenoiser(denoiser)
      checkConditioning(denoiser.conditioning, of: denoiser)
    }
    checkDiffusion(of: spec)
  }
}
