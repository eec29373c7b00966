import Compiler
import Diagnostics
import Diffusion
import Kernels
import Lowering
import Media
import ModelSpec
import Tensors
import Weights

/// A few pictures or videos of the data, each with what an autoencoder in training makes of it.
struct ReconstructionSheet {
  /// What each pair shows.
  let captions: [String]
  private let compiler: ModelCompiler
  private let space: PixelSpace
  private let originals: [Tensor]

  /// The most pairs.
  private static let limit = 4
  /// The samples by which latents are appraised.
  private static let appraisedCount = 64

  /// A sheet of samples evenly over the data.
  ///
  /// - Throws: What a compiler throws.
  init(
    _ loaded: LoadedSpec, _ space: PixelSpace, _ pictures: PictureSamples, _ items: [DataItem]
  ) throws(DiagnosticsError) {
    compiler = try ModelCompiler(loaded)
    self.space = space
    let indices = Self.indices(Self.limit, of: pictures)
    originals = indices.map { pictures.tensor([$0]) }
    captions = indices.map { "\(items[$0].path), and what becomes of it" }
  }

  private static func indices(_ limit: Int, of pictures: PictureSamples) -> [Int] {
    let count = min(limit, pictures.count)
    return (0..<count).map { $0 * pictures.count / count }
  }

  /// The sheet with weights.
  func frames(_ parameters: ParameterSource, pool: ThreadPool) throws -> Frames {
    let engine = try Engine(parameters: parameters, pool: pool)
    guard let encoder = try TrainingData.encoder(compiler, engine),
      let graph = try ModelGraphs.decoder(compiler.spec, isScaled: true),
      let decoder = AutoencoderRun.decoder(
        try engine.executable(compiler.compile(graph)), of: compiler.spec)
    else { preconditionFailure("what is trained is there") }
    let cells = try originals.flatMap { original in
      [
        space.frames(of: original),
        space.frames(of: try decoder.run(try encoder.run(original))),
      ]
    }
    let factor = max(1, 128 / max(cells[0].height, cells[0].width))
    return Frames.contactSheet(cells, columns: cells.count > 2 ? 4 : 2, gap: 1)
      .scaledUp(by: factor)
  }

  /// How the latents of some samples lie.
  func statistics(
    of pictures: PictureSamples, _ parameters: ParameterSource, pool: ThreadPool
  ) throws -> LatentStatistics? {
    let engine = try Engine(parameters: parameters, pool: pool)
    guard let encoder = try TrainingData.encoder(compiler, engine) else { return nil }
    let latents = try Self.indices(Self.appraisedCount, of: pictures).flatMap {
      try encoder.run(pictures.tensor([$0])).values
    }
    return LatentStatistics(latents)
  }
}
