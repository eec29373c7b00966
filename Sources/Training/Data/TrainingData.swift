import Compiler
import Diagnostics
import Diffusion
import Documents
import Glibc
import Lowering
import Media
import ModelSpec
import Runtime
import Tensors
import Weights

/// Samples in memory, with what a person is told about them.
package struct TrainingData: Sendable {
  /// The samples.
  package var samples: LatentSamples
  /// The folder, without what could not be read.
  package var folder: DataFolder
  /// Whether an earlier training had encoded them.
  package var isCached: Bool
  /// The mean and the standard deviation of the latents, as the denoiser sees them.
  package var statistics: (mean: Double, deviation: Double)
}

extension TrainingData {
  /// Reads a data folder for a denoiser, through the frozen encoder where there is one.
  ///
  /// - Parameters:
  ///   - data: The folder.
  ///   - source: The weights of the encoder.
  ///   - cachePath: Where the encoder's latents are kept.
  ///   - progress: Called with the samples read and their number.
  /// - Throws: Rule `training.data` where nothing can be used, and what the engine throws.
  package static func latents(
    of data: DataFolder, compiler: ModelCompiler, engine: Engine, source: ParameterSource,
    cachePath: String, progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) async throws -> TrainingData {
    let spec = compiler.spec
    guard let latent = spec.denoiser?.latent, let space = spec.samplePixels else {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.data,
          "`\(spec.name)` has no autoencoder, and its latent is no picture",
          help: "add an `autoencoder` with `image` or `video`, or give `latent` 1 or 3 channels",
          path: "latent"))
    }
    var data = data
    try checkMemory(data.items.count, latent)
    var values: [Float] = []
    var kept: [Int] = []
    var isCached = false
    let encoder = try encoder(compiler, engine)
    let cache = encoder.map { _ in
      LatentCache(path: cachePath, spec: spec, source: source, data: data)
    }
    if let found = cache?.read(dimensions: latent.dimensions) {
      (values, kept) = found
      isCached = true
      let held = Set(kept)
      try data.keep(
        kept,
        skipping: data.items.indices.filter { !held.contains($0) }
          .map { SkippedItem(path: data.items[$0].path, reason: "could not be read before") })
    } else {
      values.reserveCapacity(data.items.count * latent.dimensions.reduce(1, *))
      let levels = space.levels
      let shape = [1] + space.dimensions
      let count = data.items.count
      progress(0, count)
      let broken = try await data.forEachSample(in: space) { index, bytes in
        let pixels = bytes.map { levels[Int($0)] }
        values += try encoder.map { try $0.run(Tensor(shape, pixels)).values } ?? pixels
        kept.append(index)
        progress(index + 1, count)
      }
      try data.keep(kept, skipping: broken)
      try cache?.write(Tensor([kept.count] + latent.dimensions, values), kept: kept)
    }
    let samples = try LatentSamples(
      Tensor([kept.count] + latent.dimensions, values), labels: data.items.compactMap(\.label),
      textIDs: data.items.compactMap(\.textIDs), for: spec)
    return TrainingData(
      samples: samples, folder: data, isCached: isCached, statistics: statistics(of: values))
  }

  /// What encodes a sample as the denoiser sees it; nil without an autoencoder.
  private static func encoder(
    _ compiler: ModelCompiler, _ engine: Engine
  ) throws -> AutoencoderRun? {
    guard let graph = try ModelGraphs.encoder(compiler.spec, isScaled: true) else { return nil }
    return .encoder(try engine.executable(compiler.compile(graph)), of: compiler.spec)
  }

  /// Refuses more latents than the machine has memory for.
  private static func checkMemory(_ count: Int, _ latent: LatentSpace) throws(DiagnosticsError) {
    let byteCount = Double(count) * latent.dimensions.reduce(4) { $0 * Double($1) }
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    if byteCount > memory * 0.8 {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.data,
          "the latents of \(count) samples take \(Int(byteCount / 1e9)) GB, and the machine has "
            + "\(Int(memory / 1e9))",
          help: "use fewer samples, or an autoencoder with smaller latents"))
    }
  }

  private static func statistics(of values: [Float]) -> (mean: Double, deviation: Double) {
    let count = Double(max(values.count, 1))
    var (sum, squares) = (0.0, 0.0)
    for value in values {
      sum += Double(value)
      squares += Double(value) * Double(value)
    }
    let mean = sum / count
    return (mean, max(0, squares / count - mean * mean).squareRoot())
  }

  /// What would make the latents of an autoencoder have the mean 0 and the deviation 1; nil where
  /// they nearly do, or there is no autoencoder.
  package func scalingAdvice(for spec: ModelSpec) -> String? {
    guard let scaling = spec.autoencoder?.scaling else { return nil }
    let (mean, deviation) = statistics
    guard deviation > 0, !(0.67...1.5).contains(deviation) || abs(mean) > 0.5 else { return nil }
    // Undone: what the autoencoder itself makes.
    let shift = mean / scaling.factor + scaling.shift
    let factor = scaling.factor / deviation
    func text(_ value: Double) -> String {
      let digits = pow(10, 4 - ceil(log10(max(abs(value), 1e-12))))
      return JSONValue.number((value * digits).rounded() / digits).text()
    }
    let shiftText = abs(mean) > 0.02 * deviation ? ", shift_factor: \(text(shift))" : ""
    return "the latents have the mean \(text(mean)) and the standard deviation \(text(deviation)); "
      + "`autoencoder: {scaling_factor: \(text(factor))\(shiftText)}` would make them 0 and 1"
  }
}
