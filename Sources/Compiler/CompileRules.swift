import Diagnostics

/// The rules of this module.
package enum CompileRules {
  /// A graph that breaks an invariant.
  package static let brokenGraph = Rule(
    "compiler.broken-graph", kind: .program, summary: "every graph fulfils its invariants")
  /// A spec without a denoiser where one is needed.
  package static let noDenoiser = Rule(
    "compiler.no-denoiser", kind: .spec, summary: "sampling needs a denoiser")
  /// A number of steps that the sampler cannot take.
  package static let steps = Rule(
    "options.steps", kind: .usage, summary: "the sampler can take the steps asked for")
  /// A strength outside (0, 1].
  package static let strength = Rule(
    "options.strength", kind: .usage, summary: "strength is above 0 and at most 1")
  /// Guidance that cannot be.
  package static let guidance = Rule(
    "options.guidance", kind: .usage, summary: "guidance has a null condition to compare with")
  /// A size that the model cannot have.
  package static let size = Rule(
    "options.size", kind: .usage, summary: "patches cover the size asked for exactly")
  /// A number of samples that cannot be.
  package static let batch = Rule(
    "options.batch", kind: .usage, summary: "1 to 1024 samples are made together")
  /// More work than can be counted.
  package static let tooLarge = Rule(
    "compiler.too-large", kind: .spec, summary: "a step takes at most 10^17 multiply-accumulates")
}
