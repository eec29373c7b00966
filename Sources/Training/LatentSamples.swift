import Diagnostics
import Kernels
import Lowering
import ModelSpec
import Tensors
import Weights

/// What a denoiser is trained on: latents with their conditions, in memory.
package struct LatentSamples: Sendable {
  /// The number of samples.
  package let count: Int
  /// The latents one after another, each row-major.
  let latents: [Float]
  /// A class per sample; empty where the model reads none.
  let labels: [Int]
  /// The word ids one sample after another; empty where the model reads none.
  let textIDs: [Int]

  /// Samples of a model.
  ///
  /// - Parameters:
  ///   - latents: `[samples, channels, (frames,) height, width]`.
  ///   - labels: A class per sample, for a model with labels.
  ///   - textIDs: The word ids per sample, for a model with a prompt.
  /// - Throws: Rule `training.samples`.
  package init(
    _ latents: Tensor, labels: [Int] = [], textIDs: [[Int]] = [], for spec: ModelSpec
  ) throws(DiagnosticsError) {
    let dimensions = spec.denoiser?.latent.dimensions ?? []
    guard let count = latents.shape.dimensions.first, count > 0,
      Array(latents.shape.dimensions.dropFirst()) == dimensions
    else {
      throw Self.problem(
        "the latents are \(latents.type)",
        "they must be [samples, \(dimensions.map(String.init).joined(separator: ", "))]")
    }
    let conditioning = spec.denoiser?.conditioning
    let classes = conditioning?.label?.classes
    guard labels.count == (classes == nil ? 0 : count) else {
      throw Self.problem(
        "there are \(labels.count) labels for \(count) samples",
        classes == nil ? "the model reads no labels" : "give one for each")
    }
    if let classes, let label = labels.first(where: { !(0..<classes).contains($0) }) {
      throw Self.problem("the label \(label) is no class", "use 0 to \(classes - 1)")
    }
    let length = conditioning?.prompt?.length
    guard textIDs.count == (length == nil ? 0 : count),
      textIDs.allSatisfy({ $0.count == length })
    else {
      throw Self.problem(
        "there are words for \(textIDs.count) of \(count) samples",
        length.map { "give \($0) ids for each" } ?? "the model reads no prompt")
    }
    self.count = count
    self.latents = latents.values
    self.labels = labels
    self.textIDs = textIDs.flatMap(\.self)
  }

  /// The bytes of all of them.
  package var byteCount: Int { 4 * latents.count + 8 * (labels.count + textIDs.count) }

  /// What tells them from others.
  var checksum: String {
    let parts = [
      latents.withUnsafeBytes { xxh64($0) }, labels.withUnsafeBytes { xxh64($0) },
      textIDs.withUnsafeBytes { xxh64($0) },
    ]
    return String(parts.withUnsafeBytes { xxh64($0) }, radix: 16)
  }

  /// Samples of noise with the first class and the first word, to measure a training by.
  ///
  /// - Throws: Rule `training.samples`.
  package static func noise(
    count: Int, for spec: ModelSpec
  ) throws(DiagnosticsError) -> LatentSamples {
    let dimensions = [count] + (spec.denoiser?.latent.dimensions ?? [])
    let conditioning = spec.denoiser?.conditioning
    return try LatentSamples(
      Tensor(
        dimensions, philoxNormals(seed: 0, step: 0, count: dimensions.reduce(1, *))),
      labels: conditioning?.label.map { _ in [Int](repeating: 0, count: count) } ?? [],
      textIDs: conditioning?.prompt.map {
        [[Int]](repeating: [Int](repeating: 0, count: $0.length), count: count)
      } ?? [], for: spec)
  }

  private static func problem(_ message: String, _ help: String) -> DiagnosticsError {
    DiagnosticsError(Diagnostic(TrainingRules.samples, message, help: help))
  }
}
