import Diagnostics
import Documents
import ModelSpec
import Testing

/// The problems of a text as a spec of a folder.
private func check(_ text: String, _ name: String) -> [Diagnostic] {
  do throws(DiagnosticsError) {
    return try loadSpec(text: text, file: name, folder: packageFolder + "Specs/invalid").warnings
  } catch {
    return error.diagnostics
  }
}

private let head = "ditharos: 1\nname: tiny\nlatent: {channels: 4, height: 8, width: 8}\n"
private let conditioning = "conditioning:\n  label: {classes: 10}\n"

@Suite struct SuggestionTests {
  @Test(arguments: InvalidSpecTests.names) func aSuggestionRepairsItsProblem(_ name: String) throws
  {
    let text = try readTextFile(packageFolder + "Specs/invalid/" + name, byteLimit: 1 << 20)
    for diagnostic in check(text, name) where diagnostic.fix != nil {
      var forced = diagnostic
      forced.isSafe = true
      var isFirst = true
      let result = applySafeFixes(to: text, file: name, diagnostics: [forced]) { repaired in
        defer { isFirst = false }
        return isFirst ? check(repaired, name) : []
      }
      #expect(result.applied.first?.shortText == diagnostic.shortText)
    }
  }

  @Test(
    arguments: [
      ("patch_size: \"2\"", "patch_size: 2"), ("patch_size: 0b10 # c", "patch_size: 2 # c"),
      ("patch_size: &p 0x2", "patch_size: &p 2"), ("patch_size: '2'", "patch_size: 2"),
      ("ptach_size: 2", "patch_size: 2"), ("\"patchsize\" : 2.0", "patch_size : 2"),
    ])
  func safeFixesApply(_ line: String, _ expected: String) {
    let tail = "\nlatent_dim: 16\ndepth: 2\nheads: 4\n" + conditioning
    let text = head + line + tail
    let result = applySafeFixes(to: text, file: "f", diagnostics: check(text, "f")) {
      check($0, "f")
    }
    #expect(result.text == head + expected + tail)
    #expect(result.remaining.isEmpty)
  }

  @Test(
    arguments: [
      // 8 or 10, by the version of YAML.
      "latent_dim: 020\npatch_size: 2\ndepth: 2\nheads: 4\n",
      // A block scalar spans lines.
      "latent_dim: |\n  16\npatch_size: 2\ndepth: 2\nheads: 4\n",
      // Which divisor is meant, only a person knows.
      "latent_dim: 16\npatch_size: 2\ndepth: 2\nheads: 5\n",
      // The right key is there already.
      "latent_dim: 16\npatch_size: 2\ndepth: 2\ndept: 3\nheads: 4\n",
      // The quotes would hide where the anchor ends.
      "latent_dim: &w \"16\"\npatch_size: 2\ndepth: 2\nheads: 4\n",
    ])
  func whatCouldBeMeantOtherwiseIsLeftAlone(_ lines: String) {
    let text = head + lines + conditioning
    let diagnostics = check(text, "f")
    #expect(!diagnostics.isEmpty)
    let result = applySafeFixes(to: text, file: "f", diagnostics: diagnostics) { check($0, "f") }
    #expect(result.text == text)
  }

  @Test func ofTwoMisspellingsOfAKeyOneIsRepaired() {
    let text = head + "latent_dim: 16\npatch_size: 2\ndept: 2\ndepht: 3\nheads: 4\n" + conditioning
    let result = applySafeFixes(to: text, file: "f", diagnostics: check(text, "f")) {
      check($0, "f")
    }
    #expect(result.text == text.replacing("dept:", with: "depth:"))
    #expect(result.remaining.map(\.rule.id) == ["spec.unknown-key"])
  }

  @Test func theNearestDivisorIsSuggested() {
    let text = head + "latent_dim: 16\npatch_size: 3\ndepth: 2\nheads: 5\n" + conditioning
    let found = check(text, "f")
    let byRule = Dictionary(found.map { ($0.rule.id, $0) }, uniquingKeysWith: { first, _ in first })
    #expect(byRule["spec.heads-divide-width"]?.suggestion == "4")
    #expect(byRule["spec.patch-divides"]?.suggestion == "2")
    #expect(found.allSatisfy { !$0.isSafe })
  }

  @Test func aValueThatIsNotWrittenHasNoSuggestion() {
    // The final layer's channels follow from the latent; the variance asks for others.
    let text =
      head + "latent_dim: 18\npatch_size: 2\ndepth: 2\nheads: 2\nposition: sincos_2d\n"
      + "diffusion: {variance: learned_range}\n" + conditioning
    for diagnostic in check(text, "f") where diagnostic.suggestion != nil {
      #expect(diagnostic.primary?.start.line != 1)
    }
  }
}
