import Compiler
import Diffusion
import Kernels
import ModelSpec
import Tensors
import Testing
import Training
import Transforms

/// What a training computes twice so that it fits into `limits.peak_memory`.
@Suite struct RecomputationTests {
  /// The bytes of the four samples: latents, and two words each.
  private let sampleByteCount = 4 * 128 + 8 * 8

  /// A trainer of two blocks whose values are large enough to be worth a second computation.
  private func trainer(
    limit: Int?, passes: [Pass] = PassPipeline.all, threads: Int = 1
  ) throws -> Trainer {
    let text =
      TrainingSamples.withTextEncoder(TrainingSamples.flow)
      .replacing("batch: 4", with: "batch: 256").replacing("accumulate: 2", with: "accumulate: 1")
      + (limit.map { "\nlimits: {peak_memory: \($0)}\n" } ?? "")
    let loaded = try loadSpec(text: text, file: "flow.yaml", folder: nil)
    var options = CompileOptions()
    options.passes = passes
    options.isVerifying = true
    return try Trainer(
      loaded,
      samples: LatentSamples(
        Tensor([4, 2, 4, 4], philoxNormals(seed: 3, step: 0, count: 128)),
        textIDs: [[0, 1], [1, 3], [2, 2], [3, 3]], for: loaded.spec),
      source: loaded.spec.trainingParameters(nil, folder: "."), seed: 7,
      pool: TrainingSamples.pool(threads), options: options)
  }

  @Test func `a budget decides what is computed twice`() throws {
    for threads in [1, 3] {
      let whole = try trainer(limit: nil, threads: threads)
      #expect(whole.recomputation == .activations)
      let needed = whole.byteCount + sampleByteCount
      #expect(try trainer(limit: needed, threads: threads).recomputation == .activations)
      #expect(try trainer(limit: needed - 1, threads: threads).recomputation == .elementwise)
    }
    let whole = try trainer(limit: nil)
    let less = try trainer(limit: whole.byteCount)
    #expect(less.recomputation == .elementwise && less.byteCount < whole.byteCount)
    let least = try trainer(limit: 1)
    #expect(least.recomputation == .blocks && least.byteCount < less.byteCount)
  }

  @Test func `without fusions every bit stays`() throws {
    let whole = try trainer(limit: nil, passes: PassPipeline.none)
    for _ in 0..<2 { _ = try whole.takeStep() }
    for limit in [whole.byteCount * 99 / 100, 1] {
      let other = try trainer(limit: limit, passes: PassPipeline.none)
      for _ in 0..<2 { _ = try other.takeStep() }
      #expect(TrainingSamples.bits(other) == TrainingSamples.bits(whole))
    }
  }

  @Test func `with fusions gradients stay but for rounding`() throws {
    let whole = try trainer(limit: nil)
    let loss = try whole.takeStep().loss
    for limit in [whole.byteCount * 99 / 100, 1] {
      let other = try trainer(limit: limit)
      #expect(abs(try other.takeStep().loss - loss) <= 1e-6 * loss)
      for name in whole.parameterNames where !name.hasSuffix("key.bias") {
        let error = relativeError(
          other.gradient(name)?.values ?? [], whole.gradient(name)?.values ?? [], floor: 1e-6)
        #expect(error <= 1e-5, "\(name)")
      }
    }
  }
}
