import Diagnostics
import Kernels
import Lowering
import ModelSpec
import Schedules
import Tensors

/// The batches that a denoiser learns from: samples at random noise levels, their conditions dropped
/// at times.
final class DenoiserBatches {
  let samples: LatentSamples
  private let conditioning: Conditioning?
  private let levels: NoiseLevels
  private let seed: UInt64
  private var batch: TrainingBatch
  private let count: Int
  private var order: SampleOrder
  private var uniforms: [Float]
  private var normals: [Float]

  /// Batches of the size of a training.
  init(
    _ samples: LatentSamples, _ spec: ModelSpec, _ training: TrainingSpec,
    _ trajectory: SamplingTrajectory, seed: UInt64
  ) {
    self.samples = samples
    self.seed = seed
    conditioning = spec.denoiser?.conditioning
    levels = NoiseLevels(spec.diffusion, training, trajectory)
    count = training.batch
    batch = TrainingBatch(spec, count: count)
    order = SampleOrder(count: samples.count, seed: seed ^ RandomStream.order)
    uniforms = [Float](repeating: 0, count: 3 * count)
    normals = [Float](repeating: 0, count: count)
  }

  /// Draws samples, timesteps and dropped conditions of a batch, counted from the start.
  func fill(_ index: Int) {
    let stream = UInt64(index)
    uniforms.withUnsafeMutableBufferPointer {
      fillWithUniforms($0, seed: seed ^ RandomStream.levels, step: stream)
    }
    normals.withUnsafeMutableBufferPointer {
      fillWithNormals($0, seed: seed ^ RandomStream.logits, step: stream)
    }
    for sample in 0..<count {
      set(
        sample, to: order.sample(at: index * count + sample),
        at: levels.draw(uniform: uniforms[sample], normal: normals[sample]),
        dropsLabel: Double(uniforms[count + sample]) < conditioning?.label?.dropout ?? 0,
        dropsPrompt: Double(uniforms[2 * count + sample]) < conditioning?.prompt?.dropout ?? 0)
    }
  }

  /// Takes the first samples at given timesteps, no condition dropped.
  ///
  /// - Throws: Rule `training.samples` for a timestep that training never sees.
  func fill(timesteps: [Double]) throws(DiagnosticsError) {
    for (sample, timestep) in timesteps.enumerated() {
      guard let level = levels.level(at: timestep) else {
        throw DiagnosticsError(
          Diagnostic(TrainingRules.samples, "training never sees timestep \(timestep)"))
      }
      set(sample, to: sample % samples.count, at: level, dropsLabel: false, dropsPrompt: false)
    }
  }

  private func set(
    _ sample: Int, to index: Int, at level: TrainingLevel, dropsLabel: Bool, dropsPrompt: Bool
  ) {
    batch.setLevel(level, weight: levels.weight(of: level), of: sample)
    batch.setLatent(of: sample, to: index, in: samples)
    if !samples.labels.isEmpty {
      let null = dropsLabel ? conditioning?.label?.nullClass : nil
      batch.setLabel(null ?? samples.labels[index], of: sample)
    }
    batch.setWords(
      of: sample, to: index, in: samples, or: dropsPrompt ? conditioning?.prompt?.paddingID : nil)
  }

  /// Hands every input of the batch to a body.
  func forEachInput(_ body: (String, Tensor) throws -> Void) rethrows {
    try batch.forEachInput(body)
  }
}

/// The streams of random numbers of a training; each has a seed of its own.
enum RandomStream {
  static let parameters: UInt64 = 0x9e37_79b9_7f4a_7c15
  static let order: UInt64 = 0xbf58_476d_1ce4_e5b9
  static let levels: UInt64 = 0x94d0_49bb_1331_11eb
  static let logits: UInt64 = 0xd6e8_feb8_6659_fd93
}
