import Diagnostics
import Documents
import ModelSpec
import Schedules
import Testing

@Suite struct PresetTests {
  private func minimal(_ preset: String) -> String {
    """
    ditharos: 1
    name: x
    preset: \(preset)
    latent: {channels: 4, height: 8, width: 8}
    patch_size: 2
    conditioning: {label: {classes: 10}}
    """
  }

  @Test(arguments: [
    ("dit-s", 384, 12, 6), ("dit-b", 768, 12, 12), ("dit-l", 1024, 24, 16),
    ("dit-xl", 1152, 28, 16),
  ])
  func sizesAreThePapers(_ name: String, _ width: Int, _ depth: Int, _ heads: Int) throws {
    let denoiser = try #require(try load(minimal(name)).denoiser)
    #expect(denoiser.latentDim == width)
    #expect(denoiser.depth == depth)
    guard case .attention(let attention) = denoiser.blocks[0].sublayers[0].operation else {
      Issue.record("the first sublayer is no attention")
      return
    }
    #expect(attention.heads == heads)
    #expect(denoiser.conditioning.modulation?.form == .adalnZero)
  }

  @Test(arguments: ["s", "b", "l", "xl"], [2, 4, 8])
  func everyModelOfThePaperIsAPreset(_ size: String, _ patch: Int) throws {
    let text = minimal("dit-\(size)-\(patch)").replacing("patch_size: 2\n", with: "")
    let denoiser = try #require(try load(text).denoiser)
    let expected = try #require(try load(minimal("dit-\(size)")).denoiser)
    #expect(denoiser.patchSize == PatchSize(height: patch, width: patch))
    #expect(denoiser.latentDim == expected.latentDim && denoiser.depth == expected.depth)
  }

  @Test func aPresetOfASizeEqualsThatSizeWrittenOut() throws {
    let written = try loadSpec(file: path(ofShipped: "dit-s-2")).spec
    let text = try readTextFile(path(ofShipped: "dit-s-2"), byteLimit: 1 << 20)
    let lines = text.split(separator: "\n").filter { line in
      !["latent_dim", "depth", "heads"].contains { line.hasPrefix($0) }
    }
    let inherited = try load(lines.joined(separator: "\n") + "\npreset: dit-s\n")
    #expect(inherited == written)
  }

  @Test func writtenKeysOverrideInheritedOnesKeyByKey() throws {
    let conditioning =
      "{timestep: {frequency_shift: 1}, label: {classes: 10}, embedders: per_block}"
    let spec = try load(
      tinySpec(
        ["conditioning": conditioning],
        "feed_forward: {norm: {epsilon: 1e-5}}\ndiffusion: {steps: 20}"))
    let denoiser = try #require(spec.denoiser)
    #expect(
      denoiser.conditioning.timestep
        == .sinusoidal(
          TimestepCondition.Sinusoid(
            width: 256, order: .cosSin, frequencyShift: 1, maxPeriod: 10_000, activation: .silu)))
    #expect(denoiser.conditioning.embedders == .perBlock)
    #expect(denoiser.blocks[0].sublayers.map(\.norm) == [Norm(epsilon: 1e-6), Norm(epsilon: 1e-5)])
    #expect(denoiser.finalLayer.norm == Norm(epsilon: 1e-6))
    #expect(spec.diffusion?.steps == 20)
    #expect(spec.diffusion?.schedule == .betas(BetaSchedule()))
  }

  @Test func anotherKindReplacesTheInheritedMappingAsAWhole() throws {
    let spec = try load(
      tinySpec(["latent_dim": "16"], "final_layer: none\npatch_embedding: none\nposition: none"))
    #expect(spec.denoiser?.finalLayer.kind == FinalLayer.Kind.none)
    #expect(spec.denoiser?.finalLayer.norm == nil)
    #expect(spec.denoiser?.finalLayer.order == [.channel, .row, .column])
    #expect(spec.denoiser?.patchEmbedding.kind == PatchEmbedding.Kind.none)
    #expect(spec.denoiser?.position.kind == Position.Kind.none)
    let adaln = try load(
      tinySpec(["conditioning": "{label: {classes: 10}, modulation: adaln}"]))
    #expect(adaln.denoiser?.conditioning.modulation?.order == [.shift, .scale])
  }

  @Test func anUnconditionalModelNeedsNoConditioning() throws {
    let spec = try load(tinySpec(["conditioning": "none"]))
    #expect(spec.denoiser?.conditioning.modulation == nil)
    #expect(spec.denoiser?.finalLayer.modulation == [])
    #expect(spec.denoiser?.blocks[0].sublayers.allSatisfy { !$0.modulated } == true)
  }

  @Test func videosGetThreeDimensionalPositions() throws {
    let latent = "{channels: 4, frames: 4, height: 8, width: 8}"
    let denoiser = try #require(
      try load(tinySpec(["latent": latent, "patch_size": "[2, 2, 2]"])).denoiser)
    #expect(denoiser.position.kind == .sincos3D)
    #expect(denoiser.grid == [2, 4, 4])
    #expect(denoiser.patchEmbedding.order == [.channel, .frame, .row, .column])
    #expect(denoiser.finalLayer.order == [.frame, .row, .column, .channel])
    let flat = try #require(try load(tinySpec(["latent": latent])).denoiser)
    #expect(flat.patchSize == PatchSize(frames: 1, height: 2, width: 2))
  }

  @Test func aProblemInAnInheritedKeyPointsAtWhatTheUserWrote() {
    // The preset's twelve heads do not divide this width; the preset is what was written.
    let text = minimal("dit-b") + "\nlatent_dim: 760\n"
    #expect(
      problems(text) == [
        "3:9 spec.heads-divide-width heads 12 does not divide latent_dim 760"
      ])
    // The preset's fifty steps are too many; the user wrote the mapping around them.
    let few = tinySpec([:], "diffusion: {schedule: {train_steps: 20}}")
    #expect(
      problems(few) == ["9:12 spec.steps 50 steps are more than the 20 training timesteps"])
  }

  @Test func withoutAPresetNothingIsInherited() throws {
    let spec = try load(tinySpec(["conditioning": "none"], "preset: none"))
    #expect(spec.denoiser?.position.kind == Position.Kind.none)
    #expect(spec.denoiser?.conditioning.timestep == nil)
    #expect(spec.diffusion == nil)
  }

  @Test func anAutoencoderAloneIsASpec() throws {
    let spec = try load(
      """
      ditharos: 1
      name: vae
      image: {height: 4, width: 4, channels: 3}
      autoencoder: {patch_size: 2, latent_channels: 4}
      """)
    #expect(spec.denoiser == nil)
    #expect(spec.diffusion == nil)
    #expect(spec.parameterCount == (12 * 4 + 4) + (4 * 12 + 12))
    #expect(try load(expand(spec)) == spec)
  }
}
