import Diagnostics
import Documents
import GraphSamples
import Testing

/// What is wrong with a YAML text, as `line:column rule message`.
private func problems(_ text: String, limits: DocumentLimits = .spec) -> [String] {
  parseYAML(text, file: "test.yaml", limits: limits).diagnostics.map {
    let place = $0.primary.map { "\($0.start.line):\($0.start.column)" } ?? "-"
    return "\(place) \($0.rule.id) \($0.message)"
  }
}

@Suite struct YAMLParserTests {
  @Test func locatesKeysAndValuesInScalarsNotBytes() throws {
    let text = "größe: {höhe: 12, 名: \"x\"}\r\nlist:\r\n  - 😀\r\n  - b # note\r\n"
    let root = try #require(parseYAML(text, file: "test.yaml").root)
    let size = try #require(root["größe"])
    #expect(size.range.start == SourcePosition(line: 1, column: 8))
    #expect(size.range.end == SourcePosition(line: 1, column: 26))
    #expect(size["höhe"]?.range.start == SourcePosition(line: 1, column: 15))
    #expect(size["名"]?.range.start == SourcePosition(line: 1, column: 22))
    #expect(size["名"]?.text == "x")
    let list = try #require(root["list"]?.elements)
    #expect(list.map(\.range.start.line) == [3, 4])
    #expect(list.map(\.range.end.column) == [6, 6])
    #expect(root["list"]?.range.end == SourcePosition(line: 4, column: 6))
  }

  @Test func keepsScalarsAsWritten() throws {
    let root = try #require(parseYAML("a: no\nb: \"no\"\nc: 0x10\nd: |\n  x\n", file: "f").root)
    func kind(_ key: String) -> (String, DocumentNode.Style)? {
      if case .scalar(let text, let style)? = root[key]?.kind { return (text, style) }
      return nil
    }
    #expect(kind("a")?.0 == "no" && kind("a")?.1 == .plain)
    #expect(kind("b")?.0 == "no" && kind("b")?.1 == .quoted)
    #expect(kind("c")?.0 == "0x10" && kind("c")?.1 == .plain)
    #expect(kind("d")?.0 == "x\n" && kind("d")?.1 == .quoted)
  }

  @Test func readsAByteOrderMarkWithoutShiftingColumns() throws {
    let root = try #require(parseYAML("\u{FEFF}a: 1\nb: 2\n", file: "f").root)
    #expect(root["a"]?.range.start == SourcePosition(line: 1, column: 4))
  }

  @Test(arguments: ["", "\n\n", "# nothing\n"]) func anEmptyTextHasNoRoot(_ text: String) {
    let document = parseYAML(text, file: "f")
    #expect(document.root == nil)
    #expect(document.diagnostics.isEmpty)
  }

  @Test func reportsEveryDuplicateKeyWithBothPlaces() throws {
    let document = parseYAML("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n", file: "f")
    #expect(
      document.diagnostics.map(\.rule.id) == [String](repeating: "yaml.duplicate-key", count: 3))
    #expect(document.diagnostics.map(\.primary?.start.line) == [2, 3, 4])
    #expect(document.diagnostics.map(\.related.first?.range.start.line) == [2, 1, 1])
    #expect(document.root?["a"]?.text == "1")
  }

  @Test(arguments: [
    ("a:\n\tb: 1\n", "2:1 yaml.syntax a tab cannot indent YAML"),
    ("a: {b: 1\n", "1:4 yaml.syntax `{` is opened and not closed"),
    ("a: [1\nb: 2\n", "1:4 yaml.syntax `[` is opened and not closed"),
    ("a:2\nb: 3\n", "1:1 yaml.syntax a key has no `: ` after it"),
    ("a: 1\nb:2\nc: 3\n", "2:1 yaml.syntax a key has no `: ` after it"),
    ("a:\n  b:2\n  # c\n  c: 3\n", "2:3 yaml.syntax a key has no `: ` after it"),
    ("a: b\n  c: 1\n", "2:4 yaml.syntax mapping values are not allowed in this context"),
    ("a: b: c\n", "1:5 yaml.syntax mapping values are not allowed in this context"),
    ("a: \u{1}\n", "1:4 yaml.syntax control characters are not allowed"),
    ("a: \"x\n", "1:4 yaml.syntax a quote is opened and not closed"),
    ("a: 1\n---\nb: 2\n", "2:1 yaml.syntax a second document begins here"),
    ("a: !!str 1\n", "1:4 yaml.feature tag `tag:yaml.org,2002:str` is not supported"),
    ("<<: {a: 1}\n", "1:1 yaml.feature merge keys are not supported"),
    ("[a]: 1\n", "1:1 yaml.feature a key must be a single word"),
    ("\"\": 1\n", "1:1 yaml.feature a key is empty"),
    ("a: *b\n", "1:4 yaml.alias alias `*b` refers to no anchor before it"),
    ("a: &a [*a]\n", "1:8 yaml.alias alias `*a` stands inside what it refers to"),
  ])
  func reportsWhatIsWrong(_ text: String, _ expected: String) {
    #expect(problems(text) == [expected])
  }

  @Test func expandsAliasesAtTheirOwnPlace() throws {
    let root = try #require(parseYAML("a: &x {b: 1}\nc: *x\n", file: "f").root)
    #expect(root["c"]?["b"]?.text == "1")
    #expect(root["c"]?.range.start == SourcePosition(line: 2, column: 4))
  }

  @Test func countsWhatAliasesExpandTo() {
    // Nine levels of nine aliases each stand for 9^9 nodes.
    var text = "a: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let aliases = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "b\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(problems(text).map { $0.contains("yaml.limit") } == [true])
  }

  @Test func refusesDeepNesting() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(problems(nested(64)) == [])
    #expect(problems(nested(65)).map { $0.contains("yaml.limit") } == [true])
    #expect(
      problems(String(repeating: "[", count: 1 << 20)).map { $0.contains("yaml.limit") } == [true])
    #expect(
      problems(String(repeating: "- ", count: 500_000)).map { $0.contains("yaml.limit") } == [true])
    // An alias does not hide depth.
    let half = "&x " + nested(40)
    let around = String(repeating: "[", count: 30) + "*x" + String(repeating: "]", count: 30)
    #expect(problems("[\(half), \(around)]").map { $0.contains("yaml.limit") } == [true])
  }

  @Test func refusesLargeTexts() {
    let text = "a: " + String(repeating: "x", count: 1 << 20)
    #expect(problems(text).map { $0.contains("yaml.limit") } == [true])
  }

  @Test func refusesManyNodes() {
    let text = "[" + String(repeating: "0, ", count: 100_001) + "0]"
    #expect(problems(text).map { $0.contains("yaml.limit") } == [true])
  }

  @Test(arguments: ["a: [1", "a: {b: 1", "a: \"b", "x: 1\r\na: [1", "x: 1\u{2028}a: [é"])
  func placesOfErrorsAtTheEndAreInTheText(_ text: String) {
    let breaks: Set<Unicode.Scalar> = ["\n", "\u{2028}"]
    let lines = text.unicodeScalars.split { breaks.contains($0) }
    /// The later of the places of the first problem: what is not closed is located where it opens.
    func end(_ text: String) -> SourcePosition? {
      let problem = parseYAML(text, file: "f").diagnostics.first
      return ([problem?.primary] + (problem?.related.map(\.range) ?? [])).compactMap { $0?.start }
        .max()
    }
    let place = end(text)
    #expect(place == SourcePosition(line: lines.count, column: (lines.last?.count ?? 0) + 1))
    let last = end(text + "\n")
    #expect(last == SourcePosition(line: lines.count + 1, column: 1))
  }

  @Test func refusesFloodsThatTheParserIsSlowOn() {
    let directives = (0...100).map { "%TAG !\($0)! tag:x\n" }.joined()
    #expect(
      parseYAML(directives + "--- {a: 1}", file: "f").diagnostics.map(\.rule)
        == [DocumentRules.limit])
    let documents = String(repeating: "---\na: 1\n", count: 1000)
    #expect(parseYAML(documents, file: "f").diagnostics.count == 1)
    let duplicates = String(repeating: "a: 1\n", count: 5000)
    #expect(parseYAML(duplicates, file: "f").diagnostics.count == 1000)
  }

  @Test func neverFailsOnBrokenTexts() {
    let text = """
      # A comment with ümlauts
      ditharos: 1
      a: &x {b: [1, "two", 'three'], c: !!str 4}
      d: *x
      e: |
        block
      ? complex
      : value
      """
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<3000 {
      _ = parseYAML(generator.mutation(of: text), file: "f")
    }
    for length in 0...text.unicodeScalars.count {
      _ = parseYAML(String(String.UnicodeScalarView(text.unicodeScalars.prefix(length))), file: "f")
    }
  }
}
