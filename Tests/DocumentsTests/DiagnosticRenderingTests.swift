import Diagnostics
import Documents
import GraphSamples
import Testing

private func range(_ line: Int, _ column: Int, _ endColumn: Int, file: String = "a.yaml")
  -> SourceRange
{
  SourceRange(
    file: file, start: SourcePosition(line: line, column: column),
    end: SourcePosition(line: line, column: endColumn))
}

private func rule(_ kind: FaultKind, _ severity: Severity = .error) -> Rule {
  Rule("test.rule", severity: severity, kind: kind, summary: "A rule.")
}

@Suite struct DiagnosticRenderingTests {
  private let source = "a: 1\nheads: 5\n日本: \tx\n"

  private func render(_ diagnostics: [Diagnostic], color: Bool = false, limit: Int = 50) -> String {
    TextRenderer(color: color, limit: limit) { $0 == "a.yaml" ? source : nil }.render(diagnostics)
  }

  @Test func showsThePlaceTheRelatedPlaceAndTheHelp() {
    let diagnostic = Diagnostic(
      rule(.spec), "heads 5 is wrong", help: "write 4", at: range(2, 8, 9),
      related: [Diagnostic.Related(range(1, 1, 2), "because of this")])
    #expect(
      render([diagnostic]) == """
        a.yaml:2:8: error: heads 5 is wrong [test.rule]
          2 | heads: 5
            |        ^
        a.yaml:1:1: note: because of this
          1 | a: 1
            | ^
        help: write 4

        """)
  }

  @Test func underlinesTheWholeRange() {
    #expect(render([Diagnostic(rule(.spec), "x", at: range(2, 1, 6))]).contains("\n    | ^~~~~\n"))
  }

  @Test func alignsUnderWideCharactersAndTabs() {
    // Two wide characters take four columns, the colon, the space and the tab one each.
    #expect(
      render([Diagnostic(rule(.spec), "x", at: range(3, 5, 6))]).contains("\n    |       ^\n"))
  }

  @Test func ordersByPositionAndCountsTheRest() {
    let diagnostics = [
      Diagnostic(rule(.spec), "third", at: range(2, 8, 9)),
      Diagnostic(rule(.spec), "first"),
      Diagnostic(rule(.spec), "second", at: range(1, 1, 2)),
    ]
    #expect(diagnostics.inTextOrder.map(\.message) == ["first", "second", "third"])
    let text = render(diagnostics, limit: 2)
    #expect(text.hasSuffix("and 1 more\n"))
    #expect(!text.contains("third"))
  }

  @Test func coloursOnlyWhenAsked() {
    let diagnostic = Diagnostic(rule(.spec, .warning), "x", at: range(1, 1, 2))
    #expect(!render([diagnostic]).contains("\u{1B}"))
    #expect(render([diagnostic], color: true).contains("\u{1B}[1;33mwarning: \u{1B}[0m"))
  }

  @Test func showsControlCharactersAsEscapes() {
    let text = render([Diagnostic(rule(.input), "word `\u{1B}[31m\u{202E}`")])
    #expect(text == "error: word `\\u{1B}[31m\\u{202E}` [test.rule]\n")
  }

  @Test func survivesRangesOutsideTheText() {
    for (line, column) in [(9, 1), (1, 99), (2, 9), (3, 6)] {
      _ = render([Diagnostic(rule(.spec), "x", at: range(line, column, column + 3))])
    }
    _ = render([Diagnostic(rule(.spec), "x", at: range(1, 1, 1, file: "other"))])
  }

  @Test func cutsLongLines() {
    let long = "x: " + String(repeating: "y", count: 10_000)
    let text = TextRenderer { _ in long }.render([
      Diagnostic(rule(.spec), "x", at: range(1, 5000, 5001))
    ])
    #expect(text.count < 400)
    #expect(text.contains("^"))
  }

  @Test func exitStatusesFollowTheirOrder() {
    func status(_ kinds: FaultKind...) -> Int32 {
      kinds.map { Diagnostic(rule($0), "x") }.exitStatus
    }
    #expect(status() == 0)
    #expect(status(.budget) == 5)
    #expect(status(.budget, .spec) == 1)
    #expect(status(.budget, .spec, .input) == 4)
    #expect(status(.input, .program, .spec) == 3)
    #expect([Diagnostic(rule(.spec, .warning), "x")].exitStatus == 0)
  }

  @Test func machinesReadEveryField() throws {
    let diagnostic = Diagnostic(
      rule(.spec), "say \"x\"", at: range(2, 8, 9),
      related: [Diagnostic.Related(range(1, 1, 2), "there")], path: "heads", suggestion: "4")
    let root = try parseJSON([diagnostic, Diagnostic(rule(.spec), "y")].json().text(), file: "f")
    #expect(root["format_version"]?.text == "1.0")
    let values = try #require(root["diagnostics"]?.elements)
    #expect(values.map { $0["message"]?.text } == ["y", "say \"x\""])
    #expect(
      values[1].entries?.map(\.key.text) == [
        "rule", "severity", "message", "help", "primary", "related", "path", "suggestion",
        "suggestion_is_safe",
      ])
    #expect(
      values[1]["primary"]?.entries?.map(\.key.text) == [
        "file", "line", "column", "end_line", "end_column",
      ])
    #expect(values[1]["primary"]?["column"]?.text == "8")
    #expect(values[1]["related"]?.elements?.first?["message"]?.text == "there")
    #expect(values[0]["primary"]?.text == "null")
  }

  @Test(
    arguments: [
      ("dept", "depth"), ("Heads", "heads"), ("haeds", "heads"), ("feedforward", "feed_forward"),
      ("zzz", nil), ("", nil),
    ] as [(String, String?)])
  func suggestsTheNearestName(_ name: String, _ expected: String?) {
    #expect(nearestName(to: name, among: ["depth", "heads", "feed_forward", "norm"]) == expected)
  }

  /// The definition, row by row of the full table.
  private func plainDistance(_ a: [Character], _ b: [Character]) -> Int {
    var table = [[Int]](repeating: (0...b.count).map { $0 * 2 }, count: a.count + 1)
    for i in 0...a.count { table[i][0] = i * 2 }
    for i in 0..<a.count {
      for j in 0..<b.count {
        let replacement = a[i] == b[j] ? 0 : a[i].lowercased() == b[j].lowercased() ? 1 : 2
        table[i + 1][j + 1] = min(
          table[i][j] + replacement, table[i][j + 1] + 2, table[i + 1][j] + 2)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          table[i + 1][j + 1] = min(table[i + 1][j + 1], table[i - 1][j - 1] + 2)
        }
      }
    }
    return table[a.count][b.count]
  }

  @Test func theNearestNameIsTheFirstOfLeastDistance() {
    var generator = SeededGenerator(seed: 3)
    func name() -> String {
      String(
        (0..<Int.random(in: 1...7, using: &generator)).map { _ in
          "aAbBcä".randomElement(using: &generator) ?? "a"
        })
    }
    for _ in 0..<3000 {
      let (wanted, names) = (name(), (0..<4).map { _ in name() })
      let close = names.map { other in
        let distance = plainDistance(Array(wanted), Array(other))
        return distance <= max(2, 2 * max(wanted.count, other.count) / 3) ? distance : Int.max
      }
      let least = close.min() ?? Int.max
      let expected = least == Int.max ? nil : close.firstIndex(of: least).map { names[$0] }
      #expect(nearestName(to: wanted, among: names) == expected, "\(wanted) \(names)")
    }
  }
}
