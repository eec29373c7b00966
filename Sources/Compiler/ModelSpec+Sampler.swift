import Diagnostics
import ModelSpec
import Schedules

extension ModelSpec {
  /// The spec of the same model with another sampler in its default settings.
  ///
  /// Schedule, prediction, variance, steps, guidance and the limit of the signal stay.
  /// - Parameters:
  ///   - name: The sampler's name; nil, or that of the spec's, changes nothing.
  ///   - steps: The steps of a run, where they are not the spec's.
  /// - Throws: Rule `options.sampler` when there is no such sampler, or the model cannot use it.
  func resampled(with name: String?, steps: Int?) throws(DiagnosticsError) -> ModelSpec {
    guard let name else { return self }
    let names = Sampler.Kind.allCases.map(\.rawValue)
    func failure(_ message: String, _ help: String?) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(CompileRules.sampler, message, help: help))
    }
    guard let kind = Sampler.Kind(rawValue: name) else {
      let nearest = nearestMatch(to: name, among: names)?.name
      throw failure(
        "there is no sampler `\(name)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
        "choose \(listed(names))")
    }
    guard let diffusion, diffusion.sampler.kind != kind else { return self }
    guard let sampler = diffusion.standardSampler(kind) else {
      throw failure(
        "sampler `\(name)` needs settings that only a spec gives",
        "write `sampler: \(name)` in the spec")
    }
    var spec = self
    spec.diffusion?.sampler = sampler
    if diffusion.schedule == nil {
      spec.diffusion?.schedule = kind == .euler ? .flow(FlowSchedule()) : .betas(BetaSchedule())
    }
    // More steps than there are timesteps are reported with the steps.
    let most = sampler.maximumStepCount(spec.diffusion?.schedule)
    spec.diffusion?.steps = max(1, min(steps ?? diffusion.steps, most))
    do throws(DiagnosticsError) {
      // The rules of specs know what fits.
      _ = try loadSpec(text: expand(spec), file: name, folder: nil)
    } catch {
      let problem = error.diagnostics.first { $0.rule.severity == .error }
      throw failure(
        "sampler `\(name)` does not fit `\(self.name)`: \(problem?.message ?? "")", problem?.help)
    }
    return spec
  }
}

extension DiffusionSpec {
  /// A sampler in its default settings; nil where it has none.
  fileprivate func standardSampler(_ kind: Sampler.Kind) -> Sampler? {
    switch kind {
    case .ddim: .ddim(Sampler.DDIM(clipSample: sampler.clipSample))
    case .ddpm:
      .ddpm(
        Sampler.DDPM(
          variance: variance == .learnedRange ? .learnedRange : .fixedSmall,
          clipSample: sampler.clipSample))
    case .dpmSolver: .dpmSolver(Sampler.DPMSolver())
    case .euler: .euler(Sampler.Euler())
    case .subtract: nil
    }
  }
}
