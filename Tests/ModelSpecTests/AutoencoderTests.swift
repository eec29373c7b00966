import Diagnostics
import ModelSpec
import Testing

/// The key `autoencoder`: kinds, presets, and the parameters that follow.
@Suite struct AutoencoderTests {
  private func load(_ autoencoder: String, image: String = "{height: 64, width: 64}") throws
    -> ModelSpec
  {
    try loadSpec(
      text: "ditharos: 1\nname: a\nimage: \(image)\nautoencoder: \(autoencoder)\n",
      file: "a.yaml", folder: nil
    ).spec
  }

  /// The published sizes; those of the encoder and the decoder of Stable Diffusion are 34,163,592
  /// and 49,490,179, the rest the convolutions of one position.
  @Test(arguments: [
    ("sd", 83_653_863), ("sdxl", 83_653_863), ("sd3", 83_819_683), ("flux", 83_819_683),
    ("taesd", 2_445_063), ("taesd-16", 2_458_899),
  ])
  func `presets have the parameters of the published models`(name: String, count: Int) throws {
    let spec = try load("{preset: \(name)}")
    #expect(spec.parameterCount == count)
    #expect(spec.autoencoder?.patchSize == PatchSize(height: 8, width: 8))
    #expect(spec.autoencoder?.frozen == true)
    let text = try #require(AutoencoderPresets.text(named: name))
    let preset = try loadSpec(text: text, file: "preset.yaml", folder: nil).spec
    #expect(preset.autoencoder == spec.autoencoder)
  }

  @Test func `a preset's keys are overridden one by one`() throws {
    let spec = try load("{preset: sd, scaling_factor: 0.5, tiling: {size: 32}}")
    let autoencoder = try #require(spec.autoencoder)
    #expect(autoencoder.scaling == LatentScaling(factor: 0.5, shift: 0))
    #expect(autoencoder.tiling == Tiling(size: 32, overlap: 8))
    #expect(autoencoder.latentChannels == 4)
    #expect(spec.autoencoderPieceCount == 9)
  }

  @Test(arguments: [
    "{preset: flux}", "{preset: taesd, tiling: {size: 32, overlap: 16}}",
    "{kind: kl, latent_channels: 3, level_channels: [4, 8], norm_groups: 2}",
    "{kind: linear, patch_size: 4, latent_channels: 6, frozen: true}",
  ])
  func `the canonical form is a fixed point`(autoencoder: String) throws {
    let spec = try load(autoencoder)
    let again = try loadSpec(text: expand(spec), file: "a.yaml", folder: nil).spec
    #expect(again == spec)
    #expect(expand(again) == expand(spec))
  }

  @Test func `another kind than the preset's takes nothing from it`() {
    #expect(throws: DiagnosticsError.self) { try load("{preset: sd, kind: tiny}") }
  }

  @Test func `the latent of a denoiser follows from levels`() throws {
    let text = """
      ditharos: 1
      name: a
      video: {frames: 4, height: 64, width: 96}
      autoencoder: {preset: sd3}
      patch_size: 2
      latent_dim: 16
      depth: 1
      heads: 2
      """
    let spec = try loadSpec(text: text, file: "a.yaml", folder: nil).spec
    #expect(
      spec.denoiser?.latent == LatentSpace(channels: 16, frames: 4, height: 8, width: 12))
  }

  @Test func `keys of diffusers are recognised`() throws {
    do {
      _ = try load("{preset: sd, block_out_channels: [64, 128]}")
      Issue.record("the key is not ours")
    } catch let error as DiagnosticsError {
      #expect(error.diagnostics.first?.suggestion == "level_channels")
    }
  }
}
