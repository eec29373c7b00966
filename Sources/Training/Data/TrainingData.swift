import Compiler
import Diagnostics
import Diffusion
import Glibc
import Lowering
import Media
import ModelSpec
import Runtime
import Tensors
import Weights

/// Samples in memory, with what a person is told about them.
package struct TrainingData: Sendable {
  /// What a stage learns from.
  package enum Samples: Sendable {
    /// Of a denoiser.
    case latents(LatentSamples)
    /// Of an autoencoder.
    case pictures(PictureSamples)

    /// The bytes of all of them.
    package var byteCount: Int {
      switch self {
      case .latents(let samples): samples.byteCount
      case .pictures(let samples): samples.byteCount
      }
    }
  }

  /// The samples.
  package var samples: Samples
  /// The folder, without what could not be read.
  package var folder: DataFolder
  /// Whether an earlier training had encoded them.
  package var isCached: Bool
  /// How the latents of an autoencoder lie, as the denoiser sees them; nil without one.
  package var statistics: LatentStatistics?
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
    try checkMemory(
      Double(data.items.count) * latent.dimensions.reduce(4) { $0 * Double($1) }, data.items.count)
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
      samples: .latents(samples), folder: data, isCached: isCached,
      statistics: encoder.map { _ in LatentStatistics(values) })
  }

  /// Reads a data folder for an autoencoder.
  ///
  /// - Parameter progress: Called with the samples read and their number.
  /// - Throws: Rule `training.data` where nothing can be used.
  package static func pictures(
    of data: DataFolder, in space: PixelSpace,
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) async throws -> TrainingData {
    var data = data
    try checkMemory(Double(data.items.count) * Double(space.valueCount), data.items.count)
    var bytes: [UInt8] = []
    var kept: [Int] = []
    bytes.reserveCapacity(data.items.count * space.valueCount)
    let count = data.items.count
    progress(0, count)
    let broken = try await data.forEachSample(in: space) { index, sample in
      bytes += sample
      kept.append(index)
      progress(index + 1, count)
    }
    try data.keep(kept, skipping: broken)
    return TrainingData(
      samples: .pictures(PictureSamples(bytes, of: space)), folder: data, isCached: false,
      statistics: nil)
  }

  /// What encodes a sample as the denoiser sees it; nil without an autoencoder.
  static func encoder(
    _ compiler: ModelCompiler, _ engine: Engine
  ) throws -> AutoencoderRun? {
    guard let graph = try ModelGraphs.encoder(compiler.spec, isScaled: true) else { return nil }
    return .encoder(try engine.executable(compiler.compile(graph)), of: compiler.spec)
  }

  /// Refuses more samples than the machine has memory for.
  private static func checkMemory(
    _ byteCount: Double, _ count: Int
  ) throws(DiagnosticsError) {
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    if byteCount > memory * 0.8 {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.data,
          "\(count) samples take \(Int(byteCount / 1e9)) GB, and the machine has "
            + "\(Int(memory / 1e9))",
          help: "use fewer samples, or an autoencoder with smaller latents"))
    }
  }
}
