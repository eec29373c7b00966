import Tensors

/// The batches of a training, one after another.
enum TrainingBatches {
  case denoiser(DenoiserBatches)
  case pictures(PictureBatches)

  /// The number of samples.
  var sampleCount: Int {
    switch self {
    case .denoiser(let batches): batches.samples.count
    case .pictures(let batches): batches.samples.count
    }
  }

  /// What tells the samples from others.
  var checksum: String {
    switch self {
    case .denoiser(let batches): batches.samples.checksum
    case .pictures(let batches): batches.samples.checksum
    }
  }

  /// Makes a batch, counted from the start of the training; allocates nothing.
  func fill(_ index: Int) {
    switch self {
    case .denoiser(let batches): batches.fill(index)
    case .pictures(let batches): batches.fill(index)
    }
  }

  /// Hands every input of the batch to a body.
  func forEachInput(_ body: (String, Tensor) throws -> Void) rethrows {
    switch self {
    case .denoiser(let batches): try batches.forEachInput(body)
    case .pictures(let batches): try batches.forEachInput(body)
    }
  }
}
