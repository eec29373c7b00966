import Compiler
import Diagnostics
import Diffusion
import Glibc
import ModelSpec
import Weights

extension ModelSpec {
  /// The stage that a training begins with where none is named: the autoencoder's where it may
  /// learn and has no weights, else the denoiser's.
  ///
  /// - Parameters:
  ///   - weights: What the training starts from; nil where the spec says it.
  ///   - folder: The folder of the spec.
  package func nextStage(weights: String?, folder: String) -> TrainingStage {
    guard let autoencoder else { return .denoiser }
    if denoiser == nil { return .autoencoder }
    let hasFile = self.weights?.file.map { access("\(folder)/\($0)", F_OK) == 0 } ?? false
    return autoencoder.frozen || weights != nil || hasFile ? .denoiser : .autoencoder
  }

  /// Refuses a number of steps that ends within the warm-up, as a spec that says it is refused.
  ///
  /// - Throws: Rule `spec.warmup`.
  func checkWarmup(endsBefore steps: Int) throws(DiagnosticsError) {
    guard let warmup = training?.schedule.warmup, warmup >= steps else { return }
    throw DiagnosticsError(
      Diagnostic(
        SpecRules.warmup, "\(steps) steps end within the warm-up of \(warmup)",
        help: "give at least \(warmup + 1) with --steps, or a shorter warm-up in the spec",
        path: "training.schedule.warmup"))
  }

  /// Refuses a stage in which nothing learns.
  ///
  /// - Throws: Rule `training.stage`.
  func check(_ stage: TrainingStage) throws(DiagnosticsError) {
    func problem(_ message: String, _ help: String, _ path: String?) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(TrainingRules.stage, message, help: help, path: path))
    }
    switch stage {
    case .autoencoder:
      guard let autoencoder else {
        throw problem("`\(name)` has no autoencoder to train", "leave --stage out", nil)
      }
      if autoencoder.frozen {
        throw problem(
          "the autoencoder of `\(name)` is frozen", "write `frozen: false`, or leave --stage out",
          "autoencoder.frozen")
      }
    case .denoiser:
      if denoiser == nil {
        throw problem("`\(name)` has no denoiser to train", "use --stage autoencoder", nil)
      }
    }
  }

  /// Refuses an autoencoder without weights.
  func checkAutoencoderWeights(_ source: ParameterSource) throws(DiagnosticsError) {
    let missing = parameterDeclarations.filter {
      $0.isOfAutoencoder && !source.contains($0.name)
    }
    guard let first = missing.first else { return }
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.missing,
        "the autoencoder of `\(name)` has no weights: \(missing.count) parameters are without "
          + "values, `\(first.name)` the first",
        help: "train it first with --stage autoencoder, then name its weights with --weights"))
  }

  /// The spec of what a training leaves, beside its weights.
  func asTrained(_ stage: TrainingStage, names: LabelNames?) -> ModelSpec {
    var spec = self
    let learned = Set(
      parameterDeclarations.filter {
        $0.isLearnable && $0.isOfAutoencoder == (stage == .autoencoder)
      }.map(\.name))
    spec.parameters.removeAll { learned.contains($0.name) }
    spec.weights = WeightsReference(layout: "ditharos", file: CheckpointFile.weights)
    if let names, spec.denoiser?.conditioning.label?.namesFile != nil {
      spec.denoiser?.conditioning.label?.namesFile = nil
      spec.denoiser?.conditioning.label?.names = names.names.enumerated()
        .filter { !$0.element.isEmpty }
        .map { LabelCondition.ClassName(number: $0.offset, text: $0.element) }
    }
    if stage == .autoencoder {
      // The denoiser has no weights yet.
      let own = Set(parameterDeclarations.filter(\.isOfAutoencoder).map(\.name))
      spec = ModelSpec(
        name: name, pixels: pixels, autoencoder: autoencoder, training: training,
        parameters: spec.parameters.filter { own.contains($0.name) }, weights: spec.weights)
    }
    return spec
  }
}
