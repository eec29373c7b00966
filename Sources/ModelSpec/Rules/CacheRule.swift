import Diagnostics

extension SpecRules {
  package static let cache = rule(
    "cache", "A model with a cache has blocks to skip.",
    explanation: """
      `cache` lets a step skip the blocks after the first where that one changes the tokens nearly
      as in the last step. A model of one block has no others.
      """,
    failing: "depth: 1\ndiffusion: {cache: 0.1}",
    fixed: "depth: 2\ndiffusion: {cache: 0.1}")
}

extension SpecDecoder {
  mutating func checkCache(_ denoiser: Denoiser, _ diffusion: DiffusionSpec) {
    let path = "diffusion.cache"
    guard isValid(path), isValid("blocks"), isValid("depth"), diffusion.cache != nil,
      denoiser.depth < 2
    else { return }
    report(
      SpecRules.cache, "`cache` skips the blocks after the first, and there are none",
      help: "remove `cache`", at: path)
  }
}
