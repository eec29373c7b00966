import Diagnostics
import Testing

/// A rule of a language in which every `bad` is a problem that `good` repairs, and a line `! bad`
/// breaks when it is repaired.
private let badWord = Rule("test.bad", kind: .spec, summary: "No bad words.")
private let broken = Rule("yaml.syntax", kind: .spec, summary: "Nothing is broken.")

/// The problems of a text of that language, columns counted in scalars.
private func check(_ text: String) -> [Diagnostic] {
  var found: [Diagnostic] = []
  let content = text.hasPrefix("\u{FEFF}") ? String(text.unicodeScalars.dropFirst()) : text
  let lines = content.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  for (index, line) in lines.enumerated() {
    let scalars = Array(line.unicodeScalars)
    func range(_ column: Int, _ count: Int) -> SourceRange {
      SourceRange(
        file: "f", start: SourcePosition(line: index + 1, column: column + 1),
        end: SourcePosition(line: index + 1, column: column + 1 + count))
    }
    for column in scalars.indices where scalars[column...].starts(with: "bad".unicodeScalars) {
      found.append(
        Diagnostic(
          badWord, "bad word in line \(index)", at: range(column, 3), suggestion: "better",
          isSafe: true))
    }
    if line.hasPrefix("! better") { found.append(Diagnostic(broken, "broken", at: range(0, 1))) }
  }
  return found
}

private func fixed(_ text: String) -> FixedText {
  applySafeFixes(to: text, file: "f", diagnostics: check(text), check: check)
}

@Suite struct FixTests {
  @Test(
    arguments: [
      ("bad", "better"),
      ("a: bad # bad\n", "a: better # better\n"),
      (
        "\u{FEFF}bad:\r\n  x: [bad,  bad]\t# 日本\r\n",
        "\u{FEFF}better:\r\n  x: [better,  better]\t# 日本\r\n"
      ),
      ("日本 é 😀 bad bad\rnext bad", "日本 é 😀 better better\rnext better"),
      ("x\u{2028}bad\u{85}bad", "x\u{2028}better\u{85}better"),
      ("nothing", "nothing"),
      ("", ""),
    ])
  func repairsInPlaceAndKeepsEveryOtherByte(_ text: String, _ expected: String) {
    let result = fixed(text)
    #expect(Array(result.text.utf8) == Array(expected.utf8))
    #expect(result.remaining.isEmpty)
  }

  @Test func doesWithoutAFixThatDoesHarm() {
    let result = fixed("bad\n! bad\nbad\n")
    #expect(result.text == "better\n! bad\nbetter\n")
    #expect(result.applied.count == 2)
    #expect(result.remaining.map(\.rule) == [badWord])
  }

  @Test func appliesOnlySafeFixesOfItsFile() {
    var diagnostics = check("bad bad")
    diagnostics[0].isSafe = false
    diagnostics[1].primary?.file = "other"
    let result = applySafeFixes(to: "bad bad", file: "f", diagnostics: diagnostics, check: check)
    #expect(result.text == "bad bad")
    #expect(result.applied.isEmpty)
  }

  @Test func appliesTheFirstOfOverlappingFixes() {
    func problem(_ start: Int, _ end: Int, _ suggestion: String) -> Diagnostic {
      Diagnostic(
        badWord, suggestion,
        at: SourceRange(
          file: "f", start: SourcePosition(line: 1, column: start),
          end: SourcePosition(line: 1, column: end)), suggestion: suggestion, isSafe: true)
    }
    let diagnostics = [problem(3, 6, "second"), problem(1, 4, "first")]
    let result = applySafeFixes(to: "abcdef", file: "f", diagnostics: diagnostics) { _ in [] }
    #expect(result.text == "firstdef")
  }

  @Test func keepsAFixOnlyIfItsProblemIsGone() {
    let result = applySafeFixes(to: "bad", file: "f", diagnostics: check("bad")) { _ in
      check("bad")
    }
    #expect(result.text == "bad")
  }

  @Test func ignoresPlacesOutsideTheText() {
    for (line, start, end) in [(1, 3, 9), (9, 1, 2), (1, 0, 2), (1, 4, 4)] {
      let place = SourceRange(
        file: "f", start: SourcePosition(line: line, column: start),
        end: SourcePosition(line: line, column: end))
      let problem = Diagnostic(badWord, "x", at: place, suggestion: "y", isSafe: true)
      let result = applySafeFixes(to: "abc", file: "f", diagnostics: [problem]) { _ in [] }
      #expect(result.text == "abc")
    }
  }

  @Test func aFixStaysWithinALine() {
    var problem = check("bad")[0]
    #expect(problem.fix != nil)
    problem.primary?.end.line = 2
    #expect(problem.fix == nil)
    problem = check("bad")[0]
    problem.suggestion = "a\nb"
    #expect(problem.fix == nil)
  }
}

@Suite struct UnifiedDiffTests {
  @Test func showsChangedLinesAmongThreeOthers() {
    let old = (1...12).map { "line \($0)\n" }.joined()
    let new = old.replacing("line 5\n", with: "five\n")
    #expect(
      unifiedDiff(path: "a.yaml", from: old, to: new) == """
        --- a.yaml
        +++ a.yaml
        @@ -2,7 +2,7 @@
         line 2
         line 3
         line 4
        -line 5
        +five
         line 6
         line 7
         line 8

        """)
  }

  @Test func joinsHunksThatTouchAndSaysWhereNoLineFeedEnds() {
    #expect(
      unifiedDiff(path: "f", from: "a\r\nb\r\nc", to: "A\r\nb\r\nC")
        == "--- f\n+++ f\n@@ -1,3 +1,3 @@\n-a\r\n+A\r\n b\r\n-c\n\\ No newline at end of file\n"
        + "+C\n\\ No newline at end of file\n")
    let old = (1...30).map { "\($0)\n" }.joined()
    let new = old.replacing("\n2\n", with: "\ntwo\n").replacing("\n20\n", with: "\ntwenty\n")
    let headers = unifiedDiff(path: "f", from: old, to: new).split(separator: "\n")
      .filter { $0.hasPrefix("@@") }
    #expect(headers == ["@@ -1,5 +1,5 @@", "@@ -17,7 +17,7 @@"])
  }

  @Test func isEmptyForEqualTexts() { #expect(unifiedDiff(path: "f", from: "a", to: "a") == "") }
}

@Suite struct NameMatchTests {
  @Test(
    arguments: [
      ("dept", "depth", true), ("Heads", "heads", true), ("haeds", "heads", true),
      ("classs", "classes", true),
      // Three rivals are as near.
      ("sincos_4d", "sincos_1d", false),
      // A digit is not a slip.
      ("block_7", "block_1", false),
      // One of two letters is too much of the name.
      ("no", "on", false),
    ])
  func isClearOnlyWhereOneNameCanBeMeant(_ name: String, _ nearest: String, _ isClear: Bool) {
    let names = [
      "depth", "heads", "classes", "sincos_1d", "sincos_2d", "sincos_3d", "block_1", "on",
    ]
    let match = nearestMatch(to: name, among: names)
    #expect(match?.name == nearest)
    #expect(match?.isClear == isClear)
  }
}
