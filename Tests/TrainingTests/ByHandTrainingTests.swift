import Compiler
import Diffusion
import ModelSpec
import Tensors
import Testing
import Training
import Transforms

/// The worked example's step through the trainer.
@Suite struct ByHandTrainingTests {
  private func trainer(passes: [Pass]) throws -> (Trainer, noise: Tensor) {
    let loaded = try loadSpec(file: TrainingSamples.path("Specs/sora-by-hand.yaml"))
    // The frozen encoder's latent: a row per channel, a column per frame.
    let latents = Tensor([1, 2, 4, 1, 1], [0, 1, 1, 2, 2, 2, 3, 3])
    var options = CompileOptions()
    options.passes = passes
    let trainer = try Trainer(
      loaded,
      samples: LatentSamples(latents, textIDs: [[0, 1, 2]], for: loaded.spec),
      source: loaded.spec.trainingParameters(nil, folder: "."), seed: 0,
      pool: TrainingSamples.pool(2), options: options)
    return (trainer, try #require(loaded.spec.example?.noise))
  }

  @Test(arguments: [PassPipeline.none, PassPipeline.all])
  func `a step has the gradients worked out by hand`(passes: [Pass]) throws {
    let (trainer, noise) = try trainer(passes: passes)
    let before = Dictionary(
      uniqueKeysWithValues: trainer.parameterNames.map { ($0, trainer.parameter($0)) })
    let first = try trainer.takeStep(timesteps: [3], noise: noise)
    #expect(first.loss == 0.75)
    #expect(first.step == 1)
    let gradients: [String: [Float]] = [
      "blocks.0.feed_forward.weight": [-1, -0.5, -1.25, -1.5],
      "blocks.0.feed_forward.bias": [-0.25, -0.25],
      "blocks.0.modulation.weight": [
        0, 1.75, -1.75, 1.75, 1.75, 0, -2, 2, -2, -2, 0, 1.25, -1.25, 1.25, 1.25, 0, -0.5, 0.5,
        -0.5, -0.5,
      ],
      "blocks.0.modulation.bias": [1.75, -2, 1.25, -0.5],
    ]
    #expect(Set(trainer.parameterNames) == Set(gradients.keys))
    for (name, expected) in gradients {
      #expect(trainer.gradient(name)?.values == expected, "\(name)")
      let old = try #require(before[name] ?? nil).values
      #expect(trainer.parameter(name)?.values == zip(old, expected).map { $0 - $1 / 256 })
    }
    let second = try trainer.takeStep(timesteps: [3], noise: noise)
    #expect(abs(second.loss - 0.626718700114111) < 1e-6)
  }

  @Test func `the trainer draws the example's only timestep`() throws {
    let (trainer, _) = try trainer(passes: PassPipeline.all)
    #expect(try trainer.takeStep().loss.isFinite)
  }
}
