import Diffusion
import ModelSpec
import Tensors
import Testing
import Training
import Weights

/// A small text-conditioned DiT against PyTorch's gradients; the fixture is made by
/// Benchmarks/fixtures/text_conditioning.py.
@Suite struct TextTrainingTests {
  private static let spec = """
    ditharos: 1
    name: text
    latent: {channels: 2, height: 4, width: 6}
    patch_size: 2
    latent_dim: 12
    depth: 2
    heads: 3
    text_encoder:
      {width: 10, depth: 2, heads: 5, hidden: 14, length: 5, unknown: token,
        vocabulary: [red, green, blue, sky, night, sun]}
    cross_attention: {heads: 2}
    conditioning:
      prompt: {embedding: text_encoder, dropout: 0.1}
      timestep: {width: 8}
      modulation: adaln_zero
    diffusion: {schedule: linear, prediction: epsilon}
    training: {optimizer: {kind: sgd, learning_rate: 0.01}, batch: 3}
    """

  @Test(arguments: [1, 2]) func `loss and gradients agree`(threads: Int) throws {
    let file = try SafetensorsFile(
      path: TrainingSamples.path(
        "Tests/Fixtures/text-conditioning/text-conditioning.safetensors"))
    func tensor(_ name: String) throws -> Tensor {
      let view = try #require(file[name])
      return Tensor(view.dimensions, view.withFloats { Array($0) })
    }
    var loaded = try loadSpec(text: Self.spec, file: "text.yaml", folder: nil)
    for declaration in loaded.spec.parameterDeclarations {
      loaded.spec.parameters.append(
        InlineParameter(
          name: declaration.name, value: try tensor("parameter.\(declaration.name)")))
    }
    let ids = try tensor("text_ids").values.map { Int($0) }
    let trainer = try Trainer(
      loaded,
      samples: LatentSamples(
        tensor("latent"), textIDs: (0..<3).map { Array(ids[(5 * $0)..<(5 * $0 + 5)]) },
        for: loaded.spec),
      source: loaded.spec.trainingParameters(nil, folder: "."), seed: 0,
      pool: TrainingSamples.pool(threads))
    let progress = try trainer.takeStep(
      timesteps: tensor("timestep").values.map { Double($0) }, noise: tensor("noise"))
    #expect(abs(progress.loss / Double(try tensor("loss").values[0]) - 1) < 1e-5)
    #expect(trainer.parameterNames.count == loaded.spec.parameterDeclarations.count)
    for name in trainer.parameterNames {
      // A bias of the keys changes no softmax: its gradient is 0 but for the rounding of sums whose
      // terms are those of the weight's.
      let scale =
        name.hasSuffix("key.bias")
        ? try tensor("gradient.\(name.replacing("bias", with: "weight"))").values.map(abs).max()
        : nil
      let error = relativeError(
        try #require(trainer.gradient(name)).values, try tensor("gradient.\(name)").values,
        floor: scale ?? 1e-30)
      #expect(error < 1e-5, "\(name): \(error)")
    }
  }
}
