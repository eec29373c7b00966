import Diagnostics
import Documents
import ModelSpec
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct RulePolicyTests {
  private static let rules =
    SpecRules.all + DocumentRules.all
    + [Rule("budget.parameters", kind: .budget, summary: "A model keeps to its budget.")]

  private static func spec(heads: String = "heads: 4", extra: String = "") -> String {
    """
    ditharos: 1
    name: tiny
    latent: {channels: 4, height: 8, width: 8}
    patch_size: 2
    latent_dim: 16
    depth: 2
    \(heads)
    conditioning:
      label: {classes: 10, dropout: 0.1}
      modulation: adaln_zero
    \(extra)
    """
  }

  // MARK: Comments

  @Test(arguments: [
    "heads: 5  # ditharos: ignore spec.heads-divide-width",
    "heads: 5  # ditharos:ignore spec.heads-divide-width",
    "heads: 5 #   ditharos:   ignore   spec.heads-divide-width",
    "heads: 5  # ditharos: ignore spec.heads-divide-width -- the ninth head is merged",
    "heads: 5  # five # ditharos: ignore spec.heads-divide-width",
    "# ditharos: ignore spec.heads-divide-width\nheads: 5",
    "# ditharos: ignore spec.heads-divide-width\n# and a word on it\n\nheads: 5",
  ]) func aCommentHidesTheErrorOfItsLine(_ heads: String) {
    #expect(validationProblems(Self.spec(heads: heads)) == [])
  }

  @Test func aCommentHidesAWarning() {
    let extra = "final_layer: {out_channels: 8} # ditharos: ignore spec.unused-channels"
    #expect(validationProblems(Self.spec(extra: extra)) == [])
  }

  @Test func aCommentNamesSeveralRules() {
    let heads = "heads: 5  # ditharos: ignore spec.heads-divide-width, spec.unknown-key"
    let text = Self.spec(heads: heads + "\n# ditharos: ignore spec.unknown-key\nhead: 3")
    #expect(
      validationProblems(text) == [
        "7:55 spec.unused-ignore `spec.unknown-key` is ignored here, but line 7 has no problem "
          + "of that rule"
      ])
  }

  @Test func aCommentHidesNothingOnOtherLines() {
    let text = Self.spec(heads: "heads: 5\n# ditharos: ignore spec.heads-divide-width")
    #expect(
      validationProblems(text)
        == ["7:8 spec.heads-divide-width heads 5 does not divide latent_dim 16"])
  }

  @Test func aCommentInAStringIsNone() {
    let name = #"name: "tiny # ditharos: ignore spec.text""#
    let text = Self.spec(heads: "heads: 4").replacing(line: 2, by: name)
    #expect(validated(text).map(\.rule.id) == ["spec.text"])
    let block = "name: |\n  # ditharos: ignore spec.text\n  tiny"
    #expect(
      validated(Self.spec().replacing(line: 2, by: block)).map(\.rule.id) == ["spec.text"])
  }

  @Test func aCommentOnTheLastLineIsUnused() {
    let text = Self.spec(extra: "# ditharos: ignore spec.steps")
    #expect(
      validationProblems(text)
        == ["11:20 spec.unused-ignore `spec.steps` is ignored here, but no line follows"])
  }

  @Test func aCommentWithoutARuleIsUnused() {
    let text = Self.spec(heads: "heads: 4  # ditharos: ignore")
    #expect(
      validationProblems(text)
        == ["7:11 spec.unused-ignore the comment ignores no rule"])
  }

  @Test func anUnknownRuleIsNamedWithTheNearest() {
    let text = Self.spec(heads: "heads: 5  # ditharos: ignore spec.head-divides-width")
    let found = validated(text)
    #expect(found.map(\.rule.id) == ["spec.heads-divide-width", "spec.unknown-rule"])
    #expect(found.last?.suggestion == "spec.heads-divide-width")
  }

  @Test func anUnusedIgnoreIsSilentBesideErrorsThatMayHideItsCause() {
    let text = Self.spec(
      heads: "heads: five", extra: "final_layer: none # ditharos: ignore spec.steps")
    #expect(!validated(text).map(\.rule.id).contains("spec.unused-ignore"))
  }

  @Test func yamlErrorsCannotBeIgnored() {
    let text = Self.spec(heads: "heads: 4\nheads: 4  # ditharos: ignore yaml.duplicate-key")
    #expect(
      validated(text).map(\.rule.id) == ["yaml.duplicate-key", "spec.unused-ignore"])
  }

  @Test func columnsCountScalarsAndLinesAnyEnds() {
    let text = Self.spec(heads: "heads: 5  # ü ditharos: no\r\n# ditharos: ignore spec.steps")
    let found = validated("\u{FEFF}" + text.split(separator: "\n").joined(separator: "\r\n"))
    #expect(found.map(\.rule.id) == ["spec.heads-divide-width"])
    let good = Self.spec(heads: "heads: 5 # ditharos: ignore spec.heads-divide-width")
    let ends = good.split(separator: "\n").joined(separator: "\r\n")
    #expect(validationProblems("\u{FEFF}" + ends) == [])
    #expect(validationProblems(good.split(separator: "\n").joined(separator: "\r")) == [])
  }

  // MARK: Severities

  @Test func severitiesChangeWhatIsReported() {
    var policy = RulePolicy()
    policy.levels = ["spec.unused-channels": .error, "spec.heads-divide-width": .warning]
    let text = Self.spec(heads: "heads: 5", extra: "final_layer: {out_channels: 8}")
    let found = validated(text, policy: policy)
    #expect(found.map(\.rule.id) == ["spec.heads-divide-width", "spec.unused-channels"])
    #expect(found.map(\.rule.severity) == [.warning, .error])
    policy.levels = ["spec.unused-channels": .off]
    #expect(
      validated(Self.spec(extra: "final_layer: {out_channels: 8}"), policy: policy).isEmpty)
  }

  @Test func aPolicyTakesTheLevelsOfARule() {
    let text = """
      # for this folder
      severities:
        spec.unused-channels: off
        spec.steps: warning
        budget.parameters: off
        spec.unused-ignore: error
      """
    let (policy, problems) = rulePolicy(text: text, file: "p", rules: Self.rules)
    #expect(problems.isEmpty)
    #expect(
      policy.levels == [
        "spec.unused-channels": .off, "spec.steps": .warning, "budget.parameters": .off,
        "spec.unused-ignore": .error,
      ])
  }

  @Test(arguments: [
    (
      "severities: {spec.step: error}",
      "1:14 there is no rule `spec.step`; did you mean `spec.steps`?"
    ),
    (
      "severities: {spec.steps: off}",
      "1:26 `spec.steps` finds errors, which cannot be turned off for a whole folder"
    ),
    (
      "severities: {spec.steps: warn}", "1:26 `spec.steps` is `warn`, expected `error` or `warning`"
    ),
    (
      "severities: {spec.steps: [error]}",
      "1:26 `spec.steps` is a list, expected `error` or `warning`"
    ),
    ("severities: {yaml.syntax: warning}", "1:14 the severity of `yaml.syntax` is fixed"),
    ("severities: {spec.not-a-spec: warning}", "1:14 the severity of `spec.not-a-spec` is fixed"),
    ("severity: {}", "1:1 unknown key `severity`; did you mean `severities`?"),
    ("severities: off", "1:13 `severities` is `off`, expected a mapping"),
    ("- severities", "1:1 `p` is a list, expected a mapping"),
    (
      "severities: {spec.steps: error, spec.steps: warning}",
      "1:33 key `spec.steps` stands here a second time"
    ),
    ("severities: {", "1:14 did not find expected node content"),
  ]) func aPolicyIsStrict(_ text: String, _ expected: String) {
    let problems = rulePolicy(text: text, file: "p", rules: Self.rules).problems
    let found = problems.map {
      "\($0.primary?.start.line ?? 0):\($0.primary?.start.column ?? 0) \($0.message)"
    }
    #expect(found == [expected])
  }

  @Test func aPolicyMayBeEmpty() {
    for text in ["", "# nothing\n", "severities:\n", "severities: {}"] {
      let (policy, problems) = rulePolicy(text: text, file: "p", rules: Self.rules)
      #expect(policy.levels.isEmpty && problems.isEmpty, "\(text)")
    }
  }

  // MARK: Files

  @Test func theNearestPolicyUpToTheRepositoryHolds() throws {
    let folder = try TemporaryFolder()
    folder.write("severities: {spec.steps: warning}", to: ".ditharos.yaml")
    folder.makeFolder("repository/.git")
    folder.makeFolder("repository/models/tiny")
    var files = PolicyFiles(rules: Self.rules)
    #expect(files.policy(ofSpec: folder.path + "/a.yaml").levels == ["spec.steps": .warning])
    #expect(
      files.policy(ofSpec: folder.path + "/repository/models/tiny/a.yaml").levels.isEmpty)
    folder.write("severities: {spec.betas: warning}", to: "repository/.ditharos.yaml")
    files = PolicyFiles(rules: Self.rules)
    #expect(
      files.policy(ofSpec: folder.path + "/repository/models/tiny/a.yaml").levels
        == ["spec.betas": .warning])
    folder.write("severities: {spec.bets: warning}", to: "repository/models/.ditharos.yaml")
    files = PolicyFiles(rules: Self.rules)
    for name in ["a", "b"] {
      let path = folder.path + "/repository/models/tiny/\(name).yaml"
      #expect(files.policy(ofSpec: path).levels.isEmpty)
    }
    #expect(files.problems.map(\.rule.id) == ["policy.invalid"])
  }

  @Test func aWeightFileExistsInTheFolder() throws {
    let folder = try TemporaryFolder()
    folder.makeFolder("models/weights")
    folder.write("", to: "models/weights/in.safetensors")
    folder.write("", to: "out.safetensors")
    folder.link("models/out.safetensors", to: "../out.safetensors")
    folder.link("models/in.safetensors", to: "weights/in.safetensors")
    func rules(_ file: String) -> [String] {
      validated(
        Self.spec(extra: "weights: {file: \(file)}"), folder: folder.path + "/models"
      ).map(\.message)
    }
    #expect(rules("weights/in.safetensors") == [])
    #expect(rules("weights") == [])
    #expect(rules("in.safetensors") == [])
    #expect(
      rules("out.safetensors")
        == ["`out.safetensors` leads out of the spec's folder through a link"])
    #expect(
      rules("none.safetensors") == ["the weight file `none.safetensors` is missing"])
  }
}

extension String {
  /// The text with a line, counted from 1, replaced.
  fileprivate func replacing(line: Int, by text: String) -> String {
    var lines = split(separator: "\n", omittingEmptySubsequences: false)
    lines[line - 1] = text[...]
    return lines.joined(separator: "\n")
  }
}

/// A folder that vanishes with its value.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/ditharos-policy-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  func makeFolder(_ name: String) {
    var outer = path
    for part in name.split(separator: "/") {
      outer += "/" + part
      mkdir(outer, 0o700)
    }
  }

  func write(_ text: String, to name: String) {
    guard let file = fopen(path + "/" + name, "w") else { return }
    fputs(text, file)
    fclose(file)
  }

  func link(_ name: String, to target: String) { symlink(target, path + "/" + name) }

  deinit { removeTree(path) }

  private func removeTree(_ path: String) {
    guard let folder = opendir(path) else {
      unlink(path)
      return
    }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let inner = path + "/" + name
      if unlink(inner) != 0 { removeTree(inner) }
    }
    closedir(folder)
    rmdir(path)
  }
}
