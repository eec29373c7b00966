import Diagnostics
import Schedules

extension SpecDecoder {
  /// Checks every rule about how the parts of a spec fit; a rule that reads a stand-in is silent.
  mutating func checkRules(of spec: ModelSpec) {
    checkPixels(of: spec)
    if let denoiser = spec.denoiser {
      checkDenoiser(denoiser)
      checkConditioning(denoiser.conditioning, of: denoiser)
    }
    checkText(of: spec)
    checkDiffusion(of: spec)
    if let training = spec.training { checkTraining(training, of: spec) }
  }

  /// Pictures, autoencoder and latent.
  private mutating func checkPixels(of spec: ModelSpec) {
    checkElementCount(of: spec)
    checkPixelsExist(spec)
    if let autoencoder = spec.autoencoder { checkLayers(of: autoencoder) }
    guard let pixels = spec.pixels else { return }
    let pixelsPath = pixels.frames == nil ? "image" : "video"
    guard let autoencoder = spec.autoencoder else {
      if let latent = spec.denoiser?.latent { checkLatentIsPixels(latent, pixels, pixelsPath) }
      return
    }
    checkPatchDivides(pixels, pixelsPath, of: autoencoder)
    if let latent = spec.denoiser?.latent {
      checkLatentMatches(latent, autoencoder, pixels, pixelsPath)
    }
  }

  private mutating func checkLayers(of autoencoder: Autoencoder) {
    switch autoencoder.layers {
    case .linear: break
    case .kl(let layers): checkNormGroups(layers)
    case .tiny(let layers): checkLevels(layers)
    }
    checkTiling(of: autoencoder)
  }

  /// Patches, positions, blocks and the final layer.
  private mutating func checkDenoiser(_ denoiser: Denoiser) {
    checkPatchDividesLatent(denoiser)
    checkEmbeddingWidth(denoiser)
    checkFinalWidth(denoiser)
    checkPositionAxes(denoiser)
    checkPositionWidth(denoiser)
    for (groupIndex, group) in denoiser.blocks.enumerated() {
      checkSublayerNames(group, at: "blocks[\(groupIndex)]")
      for (index, sublayer) in group.sublayers.enumerated() {
        let path = "blocks[\(groupIndex)].sublayers[\(index)]"
        switch sublayer.operation {
        case .attention(let attention):
          checkGivenMapHeads(attention, at: path)
          checkHeadsDivideWidth(attention, latentDim: denoiser.latentDim, at: path)
        case .crossAttention(let attention):
          checkHeads(attention.heads, divide: denoiser.latentDim, "latent_dim", at: path)
        case .feedForward: break
        }
      }
    }
    checkFinalChunkOrder(denoiser)
  }

  /// Conditions and their modulation.
  private mutating func checkConditioning(_ conditioning: Conditioning, of denoiser: Denoiser) {
    checkChunkOrder(conditioning)
    checkModulationHasCondition(denoiser)
    checkModulationIsUsed(denoiser)
    checkSkipFits(denoiser)
    checkConditionsAreUsed(denoiser)
    checkSum(conditioning)
    checkPerBlockEmbedders(conditioning)
    checkSinusoidWidth(conditioning)
    if let prompt = conditioning.prompt, prompt.embedding == .words {
      checkVocabulary(prompt)
      checkWordWidth(prompt)
    }
  }

  /// The text encoder, and who reads it.
  private mutating func checkText(of spec: ModelSpec) {
    if let denoiser = spec.denoiser {
      checkWordsExist(denoiser)
      checkTextEncoderIsUsed(spec, denoiser)
    }
    guard let encoder = spec.textEncoder else { return }
    checkHeads(encoder.heads, divide: encoder.width, "text_encoder.width", at: "text_encoder")
    checkVocabulary(PromptCondition(encoder, dropout: 0))
  }

  private mutating func checkDiffusion(of spec: ModelSpec) {
    guard let diffusion = spec.diffusion else { return }
    switch diffusion.schedule {
    case .betas(let schedule)?: checkBetas(schedule)
    case .flow(let schedule)?: checkDynamicShift(schedule)
    case nil: break
    }
    checkSampler(diffusion)
    checkSignalLeft(diffusion)
    checkVarianceType(diffusion)
    checkSteps(diffusion)
    guard let denoiser = spec.denoiser else { return }
    checkBinaryBits(denoiser.conditioning, diffusion)
    checkOutChannels(denoiser, diffusion)
    checkChannelsAreUsed(denoiser, diffusion)
    checkGuidance(denoiser.conditioning, diffusion)
    checkGuidanceChannels(denoiser, diffusion)
    checkCache(denoiser, diffusion)
  }

  /// Reports a warning, which makes nothing invalid.
  mutating func warn(
    _ rule: Rule, _ message: String, help: String?, at path: String,
    related: [(path: String, message: String)] = []
  ) {
    guard diagnostics.count < diagnosticLimit else { return }
    diagnostics.append(diagnostic(rule, message, help: help, at: path, related: related))
  }
}
