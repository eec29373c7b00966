import Diagnostics
import ModelSpec
import Testing

@Suite struct SuggestionPlaceTests {
  /// A text with the first suggestion put in its place.
  private func repaired(_ text: String) -> String? {
    guard
      let diagnostic = validated(text).first(where: { $0.suggestion != nil }),
      let range = diagnostic.primary, let suggestion = diagnostic.suggestion,
      range.start.line == range.end.line
    else { return nil }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    let columns = (range.start.column - 1)..<(range.end.column - 1)
    lines[range.start.line - 1].replaceSubrange(columns, with: Array(suggestion))
    return lines.map { String($0) }.joined(separator: "\n")
  }

  @Test(arguments: [
    ("heads: 4", "heads: 5"), ("heads: 4", "heads: 4.0"), ("heads: 4", "head: 4"),
    ("latent_dim: 16", "latent_dim: 18"), ("depth: 2", "num_layers: 2"),
    ("modulation: adaln_zero", "modulation: adaln-zero"),
    ("modulation: adaln_zero", "modulation: {form: adaln_zero, order: [shift]}"),
    ("patch_size: 2", "patch_size: [1, 2, 2]"),
    ("timestep: sinusoidal", "timestep: {width: 255}"),
  ]) func aSuggestionRepairsItsPlace(_ right: String, _ wrong: String) throws {
    let spec = """
      ditharos: 1
      name: tiny
      latent: {channels: 4, height: 8, width: 8}
      patch_size: 2
      latent_dim: 16
      depth: 2
      heads: 4
      conditioning:
        timestep: sinusoidal
        modulation: adaln_zero
      """
    let lines = spec.split(separator: "\n").map {
      $0.hasSuffix(right) ? String($0.dropLast(right.count)) + wrong : String($0)
    }
    let broken = lines.joined(separator: "\n")
    #expect(validationProblems(broken) != [])
    // A width of 18 becomes 20, which 4 heads divide.
    #expect(validationProblems(try #require(repaired(broken))) == [])
  }

  @Test func aValueOfAPresetHasNoSuggestion() {
    let text = """
      ditharos: 1
      name: tiny
      preset: dit-s
      latent: {channels: 4, height: 8, width: 8}
      patch_size: 2
      latent_dim: 100
      diffusion: {schedule: {train_steps: 10}}
      """
    let found = validated(text)
    #expect(found.map(\.rule.id).contains("spec.heads-divide-width"))
    #expect(found.map(\.rule.id).contains("spec.steps"))
    for diagnostic in found where diagnostic.primary?.start.line == 3 {
      #expect(diagnostic.suggestion == nil)
    }
    #expect(found.first { $0.rule.id == "spec.steps" }?.suggestion == nil)
  }
}
