import Diagnostics
import Kernels
import Media
import ModelSpec
import Weights

/// What shows a person how far a training is.
enum TrainingSheet {
  /// Samples that a denoiser makes.
  case made(SampleSheet)
  /// What an autoencoder makes of samples.
  case remade(ReconstructionSheet, PictureSamples)

  /// The sheet of a stage.
  ///
  /// - Throws: What compiling the model throws.
  init(_ loaded: LoadedSpec, _ data: TrainingData) throws(DiagnosticsError) {
    let items = data.folder.items
    if case .pictures(let pictures) = data.samples, let space = loaded.spec.pixels {
      self = .remade(try ReconstructionSheet(loaded, space, pictures, items), pictures)
    } else {
      self = .made(try SampleSheet(loaded, items))
    }
  }

  /// What each place of the sheet shows.
  var captions: [String] {
    switch self {
    case .made(let sheet): sheet.captions
    case .remade(let sheet, _): sheet.captions
    }
  }

  /// The sheet with weights.
  func frames(_ parameters: ParameterSource, pool: ThreadPool) throws -> Frames {
    switch self {
    case .made(let sheet): try sheet.frames(parameters, pool: pool)
    case .remade(let sheet, _): try sheet.frames(parameters, pool: pool)
    }
  }

  /// How the latents of an autoencoder in training lie; nil for a denoiser.
  func statistics(_ parameters: ParameterSource, pool: ThreadPool) throws -> LatentStatistics? {
    guard case .remade(let sheet, let pictures) = self else { return nil }
    return try sheet.statistics(of: pictures, parameters, pool: pool)
  }
}
