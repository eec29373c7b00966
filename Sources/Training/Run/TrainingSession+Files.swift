import Compiler
import Diagnostics
import Diffusion
import Media
import ModelSpec
import Tensors
import Transforms
import Weights

extension TrainingSession {
  /// The weights as they are now, averaged where the training keeps an average.
  func currentParameters() -> [(name: String, value: Tensor)] {
    trainer.spec.parameterDeclarations.compactMap { declaration in
      let trained = trainer.average(declaration.name) ?? trainer.parameter(declaration.name)
      if let trained { return (declaration.name, trained) }
      guard source.contains(declaration.name) else { return nil }
      return (
        declaration.name,
        source.withValues(of: declaration.name) { Tensor(declaration.dimensions, Array($0)) }
      )
    }
  }

  private func currentSource() throws(DiagnosticsError) -> ParameterSource {
    let parameters = currentParameters()
    return try ParameterSource.open(
      parameters.map { WantedParameter(name: $0.name, dimensions: $0.value.shape.dimensions) },
      inline: parameters, weights: nil)
  }

  /// Writes samples of the weights as they are now.
  ///
  /// - Returns: The path of the sheet.
  func writeSamples() async throws -> String {
    try folder.makeFolder("samples")
    let sheet = try sheet.get()
    let frames = try sheet.frames(currentSource(), pool: pool)
    let lines = sheet.captions.enumerated().map { "\($0 + 1). \($1)\n" }
    try writeText(lines.joined(), to: folder.file("samples/captions.txt"))
    let digits = String(trainer.step)
    let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    let path = folder.file("samples/\(name).\(frames.count > 1 ? "webp" : "png")")
    try await frames.write(to: path)
    return path
  }

  /// Writes the weights as they are now for `run`.
  func writeWeights() throws {
    let contents = currentParameters().map { TensorContent($0.name, $0.value) }
    try writeAtomically(
      path: folder.file(CheckpointFile.weights), bytes: SafetensorsWriter.encode(contents))
  }

  /// Writes the loss curve.
  func writeCurve() throws {
    try writeText(
      LossCurve(log.entries).svg(title: trainer.spec.name), to: folder.file("loss.svg"))
  }

  /// What is about to be trained, a line for each thing that a person should know.
  package var introduction: [String] {
    let spec = trainer.spec
    let names = Set(trainer.parameterNames)
    let learned = spec.parameterDeclarations.filter { names.contains($0.name) }
    let count = learned.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
    var lines = [
      "\(settings.data): \(grouped(trainer.sampleCount)) samples"
        + (data.isCached ? ", encoded before" : "")
        + (data.folder.skippedText.map { "; \($0)" } ?? "")
    ]
    if let unread = data.folder.unreadCaptionsText { lines.append(unread) }
    if let scaling = spec.autoencoder?.scaling,
      let advice = data.statistics?.advice(scaledBy: scaling)
    {
      lines.append(advice)
    }
    lines.append(
      "\(spec.name): \(grouped(count)) parameters"
        + (trainer.stage == .autoencoder ? " of the autoencoder" : "")
        + " learn in \(grouped(stepCount)) steps of "
        + "\(trainer.training.batch * trainer.training.accumulate) samples, \(startText(names)); "
        + "\(((trainer.byteCount + data.samples.byteCount) >> 20) + 1) MiB")
    if trainer.precision == .bf16 { lines.append("matrices are multiplied in bf16, summed in f32") }
    switch trainer.recomputation {
    case .none, .activations: break
    case .elementwise: lines.append("norms and activations are computed twice, to save memory")
    case .blocks: lines.append("every block is computed twice, to save memory")
    }
    for path in damaged { lines.append("\(path): cannot be read, put aside") }
    return lines
  }

  /// What the parameters that learn start from.
  private func startText(_ names: Set<String>) -> String {
    if let resumedFrom { return "from \(resumedFrom)" }
    let known = names.count { source.contains($0) }
    let origin =
      settings.weights ?? (trainer.spec.weights?.file).map { "\(settings.specFolder)/\($0)" }
      ?? "the spec"
    if known == 0 { return "all new" }
    return known == names.count ? "from \(origin)" : "some from \(origin), others new"
  }

  /// What a person does with the weights next, a line for each thing.
  ///
  /// - Throws: What encoding some samples throws.
  package func conclusion() throws -> [String] {
    var lines = [
      "trained \(trainer.step) steps; the weights are in \(folder.file(CheckpointFile.weights))"
    ]
    if let scaling = trainer.spec.autoencoder?.scaling,
      let advice = try sheet.get().statistics(currentSource(), pool: pool)?
        .advice(scaledBy: scaling)
    {
      lines.append(advice)
    }
    let next =
      switch trainer.stage {
      case .denoiser: "ditharos run \(folder.file(CheckpointFile.spec))"
      case .autoencoder:
        "ditharos train ... --stage denoiser --weights \(folder.file(CheckpointFile.weights))"
      }
    return lines + ["next:", "  " + next]
  }
}

/// Writes a text whole or not at all.
func writeText(_ text: String, to path: String) throws(DiagnosticsError) {
  do {
    try writeAtomically(path: path, bytes: Array(text.utf8))
  } catch {
    throw DiagnosticsError(Diagnostic(TrainingRules.writing, "\(error)", help: error.help))
  }
}
