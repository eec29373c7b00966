import Diagnostics
import Schedules

extension SpecRules {
  package static let varianceType = rule(
    "variance-type", "A learned variance is one that the denoiser predicts.",
    explanation: """
      `variance_type: learned_range` reads the variance of a step from the further channels of the
      prediction, which are there with `variance: learned_range` alone. A denoiser without them
      is sampled with a fixed variance.
      """,
    failing: "diffusion: {sampler: ddpm, variance_type: learned_range}",
    fixed: "diffusion: {sampler: ddpm, variance_type: fixed_small}")
}

extension SpecDecoder {
  mutating func checkVarianceType(_ diffusion: DiffusionSpec) {
    let path = "diffusion.variance_type"
    guard case .ddpm(let settings) = diffusion.sampler, settings.variance == .learnedRange,
      diffusion.variance == .none, isValid(path), isValid("diffusion.variance")
    else { return }
    report(
      SpecRules.varianceType,
      "`variance_type: learned_range` needs `variance: learned_range`, and the denoiser predicts "
        + "no variance",
      help: "write `variance: learned_range`, or a fixed variance", at: path,
      related: [("diffusion.variance", "the variance is set here")], suggestion: "fixed_small")
  }
}
