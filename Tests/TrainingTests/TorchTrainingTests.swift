import Compiler
import Diffusion
import ModelSpec
import Tensors
import Testing
import Training
import Weights

/// A small DiT against PyTorch; the fixture is made by Benchmarks/fixtures/training.py.
@Suite struct TorchTrainingTests {
  private let file: SafetensorsFile

  init() throws {
    file = try SafetensorsFile(
      path: TrainingSamples.path("Tests/Fixtures/training/training.safetensors"))
  }

  private func tensor(_ name: String) throws -> Tensor {
    let view = try #require(file[name])
    return Tensor(view.dimensions, view.withFloats { Array($0) })
  }

  private func trainer(threads: Int) throws -> Trainer {
    var loaded = try TrainingSamples.picture(
      """
      {weighting: min_snr, clip: 0.5, ema: 0.5, batch: 2,
        optimizer: {kind: adamw, learning_rate: 0.01, betas: [0.9, 0.99], epsilon: 1e-3, weight_decay: 0.1}}
      """)
    for declaration in loaded.spec.parameterDeclarations {
      loaded.spec.parameters.append(
        InlineParameter(name: declaration.name, value: try tensor("initial.\(declaration.name)")))
    }
    return try Trainer(
      loaded,
      samples: LatentSamples(
        tensor("latents"), labels: tensor("labels").values.map { Int($0) }, for: loaded.spec),
      source: loaded.spec.trainingParameters(nil, folder: "."), seed: 0,
      pool: TrainingSamples.pool(threads))
  }

  @Test func `gradients and three steps of AdamW agree`() throws {
    let trainer = try trainer(threads: 2)
    let timesteps = try tensor("timesteps").values.map { Double($0) }
    let noise = try tensor("noise").values
    let (losses, norms) = (try tensor("losses").values, try tensor("norms").values)
    let count = noise.count / 3
    for step in 0..<3 {
      let progress = try trainer.takeStep(
        timesteps: Array(timesteps[(2 * step)..<(2 * step + 2)]),
        noise: Tensor([2, 3, 4, 6], Array(noise[(step * count)..<((step + 1) * count)])))
      #expect(abs(progress.loss / Double(losses[step]) - 1) < 1e-5, "loss \(step)")
      #expect(abs(progress.gradientNorm / Double(norms[step]) - 1) < 1e-5, "norm \(step)")
      guard step == 0 else { continue }
      for name in trainer.parameterNames {
        // A bias of the keys changes no softmax: its gradient is 0 but for rounding.
        let error = relativeError(
          try #require(trainer.gradient(name)).values, try tensor("gradient.\(name)").values,
          floor: 1e-3)
        #expect(error < 1e-5, "\(name): \(error)")
      }
    }
    for name in trainer.parameterNames {
      let error = relativeError(
        try #require(trainer.parameter(name)).values, try tensor("final.\(name)").values)
      #expect(error < 1e-5, "\(name): \(error)")
      let averageError = relativeError(
        try #require(trainer.average(name)).values, try tensor("average.\(name)").values)
      #expect(averageError < 1e-5, "\(name): \(averageError)")
    }
  }
}
