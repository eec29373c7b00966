import Diagnostics
import ModelSpec
import Tensors

/// The samples of a run, made one batch after another by one compiled program.
package struct SampleSeries: Sendable {
  /// One sample.
  package struct Sample: Sendable, Hashable {
    /// Its place among all of them, from 0.
    package let index: Int
    /// Its class; nil where the spec's example says it, or the model reads none.
    package let label: Int?
    /// The seed that makes it alone.
    package let seed: UInt64
    /// Whether it starts from the noise of the spec's example rather than from the seed's.
    package let startsFromExample: Bool
  }

  /// The most samples of a run.
  package static let limit = 1024

  /// The samples: all of the first class, then those of the next.
  package let samples: [Sample]
  /// The samples that the program makes together.
  package let batch: Int
  /// Whether noise was given for each sample, rather than one for all.
  package let hasNoiseRows: Bool
  /// Whether latents to start from were given for each sample.
  package let hasLatentRows: Bool
  private let request: SamplingRequest

  /// A series of samples of each class of a request.
  ///
  /// - Parameters:
  ///   - request: For all samples. A noise or a latent is for each sample, or one for all.
  ///   - count: The samples of each class.
  ///   - batch: The samples made together.
  ///   - spec: The model.
  /// - Throws: Rules `run.count`, `run.noise` and `run.pictures`, all that apply.
  package init(
    _ request: SamplingRequest, count: Int, batch: Int, of spec: ModelSpec
  ) throws(DiagnosticsError) {
    let labels = request.conditions.labels
    let classCount = max(1, labels.count)
    guard (1...Self.limit).contains(count), classCount * count <= Self.limit else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.count,
          labels.count > 1
            ? "\(count) samples of \(labels.count) labels cannot be made"
            : "\(count) samples cannot be made",
          help: "make 1 to \(Self.limit) in all"))
    }
    let total = classCount * count
    let hasExample =
      request.seed == nil && request.noise == nil
      && spec.example?.noise?.values.count == spec.denoiser?.latent.dimensions.reduce(1, *)
    samples = (0..<total).map { index in
      Sample(
        index: index, label: labels.isEmpty ? nil : labels[index / count],
        seed: request.seed(of: index), startsFromExample: hasExample && index == 0)
    }
    self.batch = max(1, min(batch, total))
    let latent = spec.denoiser?.latent
    hasNoiseRows = request.noise.map { latent?.hasRows($0) == true } ?? false
    hasLatentRows = request.latent.map { latent?.hasRows($0) == true } ?? false
    var request = request
    if let latent {
      request.noise = try request.noise.map { (noise) throws(DiagnosticsError) in
        try latent.repeated(noise, count: total, named: "noise", DiffusionRules.noise)
      }
      request.latent = try request.latent.map { (given) throws(DiagnosticsError) in
        try latent.repeated(
          given, count: total, named: "latent to start from", DiffusionRules.pixels)
      }
      request.stepNoise = request.stepNoise.map { latent.repeated(stepNoise: $0, count: total) }
    }
    self.request = request
  }

  /// The samples of each batch.
  package var batches: [Range<Int>] {
    stride(from: 0, to: samples.count, by: batch).map { $0..<min($0 + batch, samples.count) }
  }

  /// The request of one of `batches`; one that is not full repeats its last sample.
  package func request(for range: Range<Int>) -> SamplingRequest {
    let indices = (0..<batch).map { min(range.lowerBound + $0, range.upperBound - 1) }
    var part = request
    if !request.conditions.labels.isEmpty {
      part.conditions.labels = indices.compactMap { samples[$0].label }
    }
    if range.lowerBound > 0 { part.seed = request.seed(of: range.lowerBound) }
    part.noise = request.noise?.rows(indices)
    part.latent = request.latent?.rows(indices)
    if let noise = request.stepNoise, noise.shape.rank > 2, noise.shape[1] == samples.count {
      let given = noise.shape.dimensions
      let rows = (0..<given[0]).flatMap { step in indices.map { step * samples.count + $0 } }
      let flat = Tensor([given[0] * given[1]] + given.dropFirst(2), noise.values)
      part.stepNoise = Tensor([given[0], batch] + given.dropFirst(2), flat.rows(rows).values)
    }
    return part
  }
}

extension SamplingRequest {
  /// Leaves of tensors with a row for each of several samples one row alone.
  ///
  /// - Parameters:
  ///   - noiseRow: The row of the noise; nil leaves it.
  ///   - latentRow: The row of the latent to start from; nil leaves it.
  package mutating func take(noiseRow: Int?, latentRow: Int?, in latent: LatentSpace) {
    if let noiseRow {
      noise = noise.map { latent.row(noiseRow, of: $0) }
      if let steps = stepNoise?.shape.dimensions.first, let given = stepNoise,
        given.shape.dimensions.dropFirst(2).elementsEqual(latent.dimensions),
        noiseRow < given.shape[1]
      {
        let flat = Tensor([steps * given.shape[1]] + latent.dimensions, given.values)
        stepNoise = Tensor(
          [steps] + latent.dimensions,
          flat.rows((0..<steps).map { $0 * given.shape[1] + noiseRow }).values)
      }
    }
    if let latentRow { self.latent = self.latent.map { latent.row(latentRow, of: $0) } }
  }
}

extension LatentSpace {
  /// Whether a tensor has a row for each of several samples.
  package func hasRows(_ tensor: Tensor) -> Bool {
    tensor.shape.dimensions.dropFirst().elementsEqual(dimensions) && tensor.shape[0] > 1
  }

  /// A row of a tensor that has rows; what has none, or not this one, is left for a run to refuse.
  fileprivate func row(_ row: Int, of tensor: Tensor) -> Tensor {
    hasRows(tensor) && row < tensor.shape[0] ? tensor.rows([row]) : tensor
  }

  /// A tensor for every sample: `[samples, channels, (frames,) height, width]`.
  fileprivate func repeated(
    _ tensor: Tensor, count: Int, named name: String, _ rule: Rule
  ) throws(DiagnosticsError) -> Tensor {
    let given = tensor.shape.dimensions.withoutOnes
    let whole = [count] + dimensions
    if given == whole.withoutOnes { return Tensor(whole, tensor.values) }
    if given == dimensions.withoutOnes {
      return Tensor(whole, (0..<count).flatMap { _ in tensor.values })
    }
    throw DiagnosticsError(
      Diagnostic(
        rule, "the \(name) is \(tensor.shape), the latent \(Shape(whole))",
        help: count > 1
          ? "give a tensor of the latent's shape, or one for each sample"
          : "give a tensor of the latent's shape", path: "latent"))
  }

  /// Noise `[steps, samples, ...]` from that of one sample or of all; what fits neither is left for
  /// a run to refuse.
  fileprivate func repeated(stepNoise: Tensor, count: Int) -> Tensor {
    let size = dimensions.reduce(1, *)
    let elements = stepNoise.values.count
    if count > 0, elements % (count * size) == 0,
      let steps = stepNoise.shape.dimensions.first, steps * count * size == elements
    {
      return Tensor([steps, count] + dimensions, stepNoise.values)
    }
    guard let steps = stepNoise.shape.dimensions.first, steps * size == elements else {
      return stepNoise
    }
    let values = (0..<steps).flatMap { step in
      (0..<count).flatMap { _ in stepNoise.values[(step * size)..<((step + 1) * size)] }
    }
    return Tensor([steps, count] + dimensions, values)
  }
}

extension Tensor {
  /// Some of the entries of the first axis, in the order given.
  func rows(_ indices: [Int]) -> Tensor {
    let dimensions = shape.dimensions.dropFirst()
    let size = dimensions.reduce(1, *)
    return Tensor(
      [indices.count] + dimensions,
      indices.flatMap { values[($0 * size)..<(($0 + 1) * size)] })
  }
}
