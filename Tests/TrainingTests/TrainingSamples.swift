import Compiler
import Diagnostics
import Diffusion
import Foundation
import Kernels
import ModelSpec
import Tensors
import Testing
import Training
import Weights

/// What the tests of training share.
enum TrainingSamples {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of a file of the package.
  static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  /// A DiT of pictures with a learned variance, as in Benchmarks/fixtures/training.py.
  static func picture(_ training: String) throws -> LoadedSpec {
    try loadSpec(
      text: """
        ditharos: 1
        name: picture
        latent: {channels: 3, height: 4, width: 6}
        patch_size: 2
        latent_dim: 12
        depth: 2
        heads: 3
        conditioning:
          label: {classes: 5, dropout: 0.1}
          timestep: {width: 8}
          modulation: adaln_zero
        diffusion: {schedule: linear, prediction: epsilon, variance: learned_range}
        training: \(training)
        """, file: "picture.yaml", folder: nil)
  }

  /// A flow whose words are learned.
  static let flow = """
    ditharos: 1
    name: flow
    latent: {channels: 2, height: 4, width: 4}
    patch_size: 2
    latent_dim: 16
    depth: 2
    heads: 2
    conditioning:
      prompt: {length: 2, vocabulary: [red, green, blue], width: 4, dropout: 0.1}
      modulation: adaln_zero
    diffusion: {sampler: euler, schedule: flow, prediction: flow}
    training:
      timesteps: logit_normal
      optimizer: {kind: adamw, learning_rate: 0.02}
      schedule: {kind: cosine, warmup: 10}
      clip: 1
      ema: 0.9
      batch: 4
      accumulate: 2
      steps: 300
    """

  /// The flow, with words that go through a text encoder and cross-attention.
  static func withTextEncoder(_ flow: String) -> String {
    flow.replacing(
      "{length: 2, vocabulary: [red, green, blue], width: 4,", with: "{embedding: text_encoder,"
    )
    .replacing(
      "heads: 2\n",
      with: """
        heads: 2
        text_encoder: {width: 8, depth: 1, heads: 2, length: 2, vocabulary: [red, green, blue]}
        cross_attention: {heads: 4}

        """)
  }

  static func pool(_ threads: Int) throws -> ThreadPool {
    try #require(ThreadPool(threadCount: threads))
  }

  /// A trainer of a flow over four latents with words.
  static func flowTrainer(
    threads: Int = 1, seed: UInt64 = 7, precision: Precision = .f32,
    change: (String) -> String = { $0 }
  ) throws -> Trainer {
    var options = CompileOptions()
    options.precision = precision
    let loaded = try loadSpec(text: change(flow), file: "flow.yaml", folder: nil)
    let latents = Tensor([4, 2, 4, 4], philoxNormals(seed: 3, step: 0, count: 128))
    return try Trainer(
      loaded,
      samples: LatentSamples(
        latents, textIDs: [[0, 1], [1, 3], [2, 2], [3, 3]], for: loaded.spec),
      source: loaded.spec.trainingParameters(nil, folder: "."), seed: seed, pool: pool(threads),
      options: options)
  }

  /// The bits of everything that a training carries on.
  static func bits(_ trainer: Trainer) -> [[UInt32]] {
    trainer.parameterNames.flatMap { name in
      [trainer.parameter(name), trainer.average(name)].map { tensor in
        (tensor?.values ?? []).map(\.bitPattern)
      }
    }
  }
}

/// `max |a - b| / max |b|`, the denominator at least `floor`.
func relativeError(_ actual: [Float], _ expected: [Float], floor: Float = 1e-30) -> Float {
  let scale = max(expected.map(abs).max() ?? 0, floor)
  let difference = zip(actual, expected).map { abs($0 - $1) }.max() ?? 0
  return actual.count == expected.count ? difference / scale : .infinity
}
