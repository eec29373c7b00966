import Diagnostics
import ModelSpec
import Schedules
import Tensors
import Testing

@Suite struct ShippedSpecTests {
  @Test(arguments: shippedSpecs) func loadsWithoutWarnings(_ name: String) throws {
    let loaded = try loadSpec(file: path(ofShipped: name))
    #expect(loaded.warnings.isEmpty)
    #expect(loaded.spec.name == name)
  }

  @Test(arguments: shippedSpecs) func expandsToATextThatLoadsAsTheSame(_ name: String) throws {
    let spec = try loadSpec(file: path(ofShipped: name)).spec
    let text = expand(spec)
    let again = try load(text)
    #expect(again == spec)
    #expect(expand(again) == text)
  }

  @Test(arguments: [
    ("dit-s-2", 32_865_056), ("dit-b-4", 130_426_496), ("dit-xl-2-256", 674_834_720),
    ("dit-xl-2-512", 674_834_720),
  ])
  func hasTheParametersOfThePaper(_ name: String, _ count: Int) throws {
    let spec = try loadSpec(file: path(ofShipped: name)).spec
    #expect(spec.parameterCount == count)
    #expect(spec.checkedParameterCount == count)
  }

  @Test func aDiTHasTheOriginalNumerics() throws {
    let spec = try loadSpec(file: path(ofShipped: "dit-xl-2-256")).spec
    let denoiser = try #require(spec.denoiser)
    #expect(denoiser.tokenCount == 256)
    #expect(denoiser.position == Position(kind: .sincos2D, baseSize: [16, 16]))
    #expect(denoiser.patchEmbedding.order == [.channel, .row, .column])
    #expect(denoiser.finalLayer.order == [.row, .column, .channel])
    #expect(denoiser.finalLayer.modulation == [.shift, .scale])
    #expect(denoiser.finalLayer.norm == Norm(epsilon: 1e-6))
    #expect(denoiser.finalLayer.outChannels == 8)
    #expect(denoiser.conditioning.modulation?.order == [.shift, .scale, .gate])
    #expect(
      denoiser.conditioning.timestep
        == .sinusoidal(
          TimestepCondition.Sinusoid(
            width: 256, order: .cosSin, frequencyShift: 0, maxPeriod: 10_000, activation: .silu)))
    #expect(denoiser.conditioning.label?.nullClass == 1000)
    #expect(denoiser.blocks.count == 1)
    #expect(denoiser.depth == 28)
    let sublayers = denoiser.blocks[0].sublayers
    #expect(sublayers.map(\.norm) == [Norm(epsilon: 1e-6), Norm(epsilon: 1e-6)])
    #expect(
      sublayers[1].operation
        == .feedForward(FeedForward(layers: .mlp(hidden: 4608, activation: .geluTanh))))
    #expect(spec.diffusion?.variance == .learnedRange)
    #expect(spec.diffusion?.schedule == .betas(BetaSchedule()))
    #expect(spec.weights == WeightsReference(layout: "diffusers", file: nil))
  }

  @Test func theExerciseHasItsNumbers() throws {
    let spec = try loadSpec(file: path(ofShipped: "sora-by-hand")).spec
    let denoiser = try #require(spec.denoiser)
    #expect(denoiser.latent == LatentSpace(channels: 2, frames: 4, height: 1, width: 1))
    #expect(denoiser.tokenCount == 4)
    #expect(denoiser.conditioning.width(latentDim: 2) == 5)
    #expect(denoiser.conditioning.prompt?.vocabulary.map(\.text) == ["sora", "is", "sky"])
    #expect(denoiser.conditioning.prompt?.vocabulary.map(\.vector) == [[0], [1], [-1]])
    #expect(denoiser.blocks[0].sublayers.map(\.norm) == [nil, nil])
    #expect(denoiser.blocks[0].sublayers.map(\.modulated) == [true, false])
    #expect(denoiser.blocks[0].sublayers.map(\.residual) == [false, false])
    #expect(spec.parameters.map(\.name).sorted() == spec.parameterDeclarations.map(\.name).sorted())
    let noise = try #require(spec.example?.noise)
    #expect(noise == Tensor([2, 4, 1, 1], [1, -1, 1, -1, 1, -1, 0, 0]))
    #expect(spec.example?.pixels?.shape == [1, 4, 2, 2])
    #expect(spec.diffusion?.sampler == .subtract(start: 3))
    #expect(spec.diffusion?.schedule == nil)
  }
}
