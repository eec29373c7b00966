import Lowering
import ModelSpec
import Schedules
import Tensors

/// One batch as the graph of gradients reads it; written anew for each without allocating.
struct TrainingBatch {
  private static let signal = 0
  private static let noiseLevel = 1
  private static let weight = 2
  private static let timestep = 3
  private static let bound = 4

  /// The inputs of one number per sample, in the order above.
  private var perSample: [(name: String, tensor: Tensor)]
  private var latent: Tensor
  private var label: Tensor?
  private var textIDs: Tensor?
  private let latentCount: Int
  private let textLength: Int

  /// A batch for a model.
  init(_ spec: ModelSpec, count: Int) {
    var names = ["signal", "noise_level", "weight", "timestep"]
    if let weight = spec.training?.variationalWeight, weight > 0 {
      names += ["bound_range", "bound_level", "bound_error", "bound_offset"]
    }
    let zeros = [Float](repeating: 0, count: count)
    perSample = names.map { ($0, Tensor([count], zeros)) }
    let dimensions = spec.denoiser?.latent.dimensions ?? []
    latentCount = dimensions.reduce(1, *)
    latent = Tensor([count] + dimensions, [Float](repeating: 0, count: count * latentCount))
    let conditioning = spec.denoiser?.conditioning
    label = conditioning?.label.map { _ in Tensor(TensorType(.i32, [count]), zeros) }
    textLength = conditioning?.prompt?.length ?? 0
    textIDs = conditioning?.prompt.map {
      Tensor(
        TensorType(.i32, [count, $0.length]), [Float](repeating: 0, count: count * $0.length))
    }
  }

  /// Sets the noise level of a sample.
  mutating func setLevel(_ level: TrainingLevel, weight: Double, of sample: Int) {
    perSample[Self.signal].tensor.values[sample] = Float(level.signal)
    perSample[Self.noiseLevel].tensor.values[sample] = Float(level.noise)
    perSample[Self.weight].tensor.values[sample] = Float(weight)
    perSample[Self.timestep].tensor.values[sample] = Float(level.timestep)
    guard perSample.count > Self.bound else { return }
    // Where no bound is finite nothing pulls at the variance.
    let bound = level.bound ?? VariationalTerm.none
    perSample[Self.bound].tensor.values[sample] = Float(bound.range)
    perSample[Self.bound + 1].tensor.values[sample] = Float(bound.level)
    perSample[Self.bound + 2].tensor.values[sample] = Float(bound.error)
    perSample[Self.bound + 3].tensor.values[sample] = Float(bound.offset)
  }

  /// Sets the latent of a sample to one of many.
  mutating func setLatent(of sample: Int, to index: Int, in samples: LatentSamples) {
    let (target, source) = (sample * latentCount, index * latentCount)
    for element in 0..<latentCount {
      latent.values[target + element] = samples.latents[source + element]
    }
  }

  /// Sets the label of a sample, where the model reads one.
  mutating func setLabel(_ value: Int, of sample: Int) { label?.values[sample] = Float(value) }

  /// Sets the word ids of a sample to those of one of many, or all to one id.
  mutating func setWords(of sample: Int, to index: Int, in samples: LatentSamples, or id: Int?) {
    for place in 0..<textLength {
      let own = id ?? samples.textIDs[index * textLength + place]
      textIDs?.values[sample * textLength + place] = Float(own)
    }
  }

  /// Hands every input to a body.
  func forEachInput(_ body: (String, Tensor) throws -> Void) rethrows {
    try body("latent", latent)
    for input in perSample { try body(input.name, input.tensor) }
    if let label { try body("label", label) }
    if let textIDs { try body("text_ids", textIDs) }
  }
}
