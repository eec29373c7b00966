import Compiler
import Diagnostics
import Diffusion
import Kernels
import Media
import ModelSpec
import Tensors
import Weights

/// A few samples of a model in training, always of the same words or classes and the same noise.
struct SampleSheet {
  /// What each sample is asked for, as people read it.
  let captions: [String]
  private let model: CompiledModel
  private let conditions: [ConditionRequest]

  /// The most samples.
  private static let limit = 4

  /// A sheet of conditions that the data have.
  ///
  /// - Throws: What compiling the model for sampling throws.
  init(_ loaded: LoadedSpec, _ items: [DataItem]) throws(DiagnosticsError) {
    model = try ModelCompiler(loaded).sampling()
    var conditions: [ConditionRequest] = []
    var captions: [String] = []
    // Evenly over the data, those that another has too left out.
    for place in 0..<min(items.count, 16 * Self.limit) {
      let item = items[place * items.count / min(items.count, 16 * Self.limit)]
      let condition = ConditionRequest(prompt: item.caption, label: item.label)
      let isPlain = item.caption == nil && item.label == nil
      guard isPlain || !conditions.contains(condition), conditions.count < Self.limit else {
        continue
      }
      conditions.append(condition)
      captions.append(
        item.caption.map { $0.split { $0.isWhitespace }.joined(separator: " ") }
          ?? item.label.map { "label \($0)" } ?? "seed \(conditions.count - 1)")
    }
    self.conditions = conditions
    self.captions = captions
  }

  /// Makes the samples, beside one another.
  ///
  /// - Parameter parameters: The weights.
  func frames(_ parameters: ParameterSource, pool: ThreadPool) throws -> Frames {
    let run = try SamplingRun(model, engine: Engine(parameters: parameters, pool: pool))
    let cells = try conditions.enumerated().map { index, condition in
      var request = SamplingRequest()
      request.conditions = condition
      request.seed = UInt64(index)
      let latents = try run.latents(request)
      if model.spec.autoencoder == nil, let space = model.spec.samplePixels {
        return space.frames(of: latents)
      }
      return try run.pictures(of: latents).frames
    }
    let factor = max(1, 128 / max(cells[0].height, cells[0].width))
    let columns = cells.count > 2 ? 2 : 1
    return Frames.contactSheet(cells, columns: columns, gap: 1).scaledUp(by: factor)
  }
}
