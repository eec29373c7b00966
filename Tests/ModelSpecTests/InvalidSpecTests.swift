import Diagnostics
import Documents
import ModelSpec
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct InvalidSpecTests {
  /// The files but those of budgets, which a plan decides: the compiler's tests read them.
  static let names: [String] = {
    guard let folder = opendir(packageFolder + "Specs/invalid") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".yaml"), !name.hasPrefix("budget-") { names.append(name) }
    }
    return names.sorted()
  }()

  /// The rules that have a file in `Specs/invalid`.
  static let rules = SpecRules.all + DocumentRules.all.filter { $0.id.hasPrefix("yaml.") }

  private static func text(of name: String) throws -> String {
    try readTextFile(packageFolder + "Specs/invalid/" + name, byteLimit: 1 << 20)
  }

  private static func expectations(in text: String) -> [String] {
    text.split(separator: "\n").filter { $0.hasPrefix("# expect: ") }
      .map { String($0.dropFirst("# expect: ".count)) }
  }

  private static func problems(_ text: String, name: String) -> [String] {
    validationProblems(text, file: name, folder: packageFolder + "Specs/invalid")
  }

  @Test(arguments: names) func reportsExactlyWhatItsCommentsSay(_ name: String) throws {
    let text = try Self.text(of: name)
    let found = Self.problems(text, name: name)
    let expected = Self.expectations(in: text)
    #expect(found.filter { !expected.contains($0) } == [])
    #expect(expected.filter { !found.contains($0) } == [])
    #expect(found.count == expected.count)
  }

  @Test func everyRuleHasAFile() throws {
    var covered: Set<String> = []
    for name in Self.names {
      for line in Self.expectations(in: try Self.text(of: name)) {
        covered.insert(String(line.split(separator: " ")[1]))
      }
    }
    #expect(Self.rules.map(\.id).filter { !covered.contains($0) } == [])
  }

  @Test(arguments: rules.map(\.id)) func theFixOfARuleRepairsItsExample(_ id: String) throws {
    let rule = try #require(Self.rules.first { $0.id == id })
    #expect(!rule.explanation.isEmpty)
    let examples = try Self.names.map { (name: $0, text: try Self.text(of: $0)) }.filter {
      let lines = $0.text.split(separator: "\n")
      return Self.expectations(in: $0.text).contains { $0.split(separator: " ")[1] == id }
        && rule.failing.split(separator: "\n").allSatisfy(lines.contains)
    }
    let example = try #require(examples.first, "no file holds the failing example of \(id)")
    let repaired = try #require(Self.repaired(example.text, by: rule))
    #expect(Self.problems(repaired, name: example.name) == [])
  }

  /// A text with a rule's failing lines replaced: each by its own where there are as many fixed
  /// ones, else the first by all of them.
  private static func repaired(_ text: String, by rule: Rule) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let failing = rule.failing.split(separator: "\n")
    let fixed = rule.fixed.split(separator: "\n")
    for (index, line) in failing.enumerated() {
      guard let place = lines.firstIndex(of: line) else { return nil }
      if failing.count == fixed.count {
        lines[place] = fixed[index]
      } else {
        lines.replaceSubrange(place...place, with: index == 0 ? fixed[...] : [])
      }
    }
    return lines.joined(separator: "\n")
  }

  @Test func ruleIdentifiersAreUnique() {
    let identifiers = (SpecRules.all + DocumentRules.all + PolicyRules.all).map(\.id)
    #expect(Set(identifiers).count == identifiers.count)
  }
}
