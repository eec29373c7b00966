import Diagnostics
import Lowering
import ModelSpec

extension ModelSpec {
  /// Refuses a run whose sizes cannot be counted, before anything is built for it.
  ///
  /// The spec alone keeps its ceilings; the options multiply it by samples and sizes.
  /// - Throws: Rules `options.size` and `compiler.too-large`.
  func checkWork(
    _ options: CompileOptions, _ locations: SpecLocations
  ) throws(DiagnosticsError) {
    let isChosen = options.size != nil || options.frames != nil || options.batch != 1
    func fail(_ rule: Rule, _ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(
        Diagnostic(
          rule, message, help: help, at: isChosen ? nil : locations.range(of: "latent")))
    }
    if let count = autoencoderElementCount, count > Ceiling.elements {
      throw fail(
        CompileRules.size,
        "the autoencoder makes a tensor of \(count) values of pictures of this size, more than "
          + "\(Ceiling.elements)",
        "ask for a smaller size, or add `tiling` to the autoencoder")
    }
    guard let denoiser else { return }
    if denoiser.tokenCount > Ceiling.tokens {
      throw fail(
        CompileRules.size, "\(denoiser.tokenCount) tokens are more than \(Ceiling.tokens)",
        "ask for a smaller size or fewer frames")
    }
    // Guidance doubles the samples.
    let largest = [denoiser.latent.dimensions, pixels?.dimensions ?? []]
      .map { $0.map(Double.init).reduce(2 * Double(options.batch), *) }.max()
    if (largest ?? 0) > Double(Ceiling.elements) {
      throw fail(
        CompileRules.size,
        "\(options.batch) samples of this size have more than \(Ceiling.elements / 2) values",
        "ask for a smaller size, fewer frames or fewer samples")
    }
    // In floating point, which cannot overflow.
    let tokens = Double(denoiser.tokenCount)
    let width = Double(denoiser.latentDim)
    let perBlock = tokens * width * (12 * width + 2 * tokens)
    var work = 2 * Double(options.batch) * Double(denoiser.depth) * perBlock
    if let encoder = promptEncoder {
      let (words, wordWidth) = (Double(encoder.length), Double(encoder.width))
      let block = words * wordWidth * (4 * wordWidth + 2 * Double(encoder.hidden) + 2 * words)
      work += 2 * Double(options.batch) * Double(encoder.depth) * block
    }
    if work > Self.workCeiling {
      throw fail(
        isChosen ? CompileRules.size : CompileRules.tooLarge,
        "a step takes more than 10^17 multiply-accumulates, which nobody waits for",
        "ask for a smaller size, fewer frames or fewer samples")
    }
  }

  /// A day's work of a thousand processors, and far below the largest integer.
  private static let workCeiling = 1e17
}
