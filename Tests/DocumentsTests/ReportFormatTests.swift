import Diagnostics
import Documents
import Testing

private let wrong = Rule("spec.wrong", kind: .spec, summary: "Nothing is wrong.")
private let odd = Rule("spec.odd", severity: .warning, kind: .spec, summary: "Nothing is odd.")
private let missing = Rule("file.missing", kind: .input, summary: "Files exist.")

private func range(_ line: Int, _ column: Int, _ end: Int, file: String = "a b/é.yaml")
  -> SourceRange
{
  SourceRange(
    file: file, start: SourcePosition(line: line, column: column),
    end: SourcePosition(line: line, column: end))
}

private let repairable = Diagnostic(
  wrong, "50% wrong: a,b", help: "write 4", at: range(2, 8, 9),
  related: [Diagnostic.Related(range(1, 1, 2), "because\nof this")], path: "heads",
  suggestion: "4", isSafe: true)

@Suite struct GitHubRendererTests {
  private func render(_ diagnostics: [Diagnostic], file: String = "a b/é.yaml") -> String {
    GitHubRenderer(folder: "/work").render([FileReport(file: file, diagnostics: diagnostics)])
  }

  @Test func escapesAsTheRunnerUnescapes() {
    #expect(
      render([repairable])
        == "::error file=a b/é.yaml,line=2,endLine=2,col=8,endColumn=9,title=spec.wrong::"
        + "50%25 wrong: a,b%0Aa b/é.yaml:1:1: because%0Aof this%0Ahelp: write 4\n")
    #expect(
      render([Diagnostic(odd, "x\r", at: range(1, 1, 2, file: "/work/a,b:c.yaml"))])
        == "::warning file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,endColumn=2,title=spec.odd::x%0D\n"
    )
  }

  @Test func namesTheFileOfAProblemWithoutAPlace() {
    #expect(
      render([Diagnostic(missing, "gone")], file: "./x/../y.yaml")
        == "::error file=y.yaml,title=file.missing::gone\n")
  }

  @Test func leavesColumnsOutOfStretchesOverLines() {
    var long = range(1, 3, 4)
    long.end.line = 5
    #expect(render([Diagnostic(wrong, "x", at: long)]).contains("line=1,endLine=5,title="))
  }

  @Test func aCommandIsOneLine() {
    let hostile = "a\n::set-env name=PATH::x\u{0}\u{2028}" + String(repeating: "y", count: 10_000)
    let text = render([Diagnostic(wrong, hostile)])
    #expect(text.unicodeScalars.count { $0 == "\n" } == 1)
    #expect(text.count < 4300)
  }
}

@Suite struct JUnitRendererTests {
  private func render(_ reports: [FileReport], failsOnWarning: Bool = false) -> String {
    JUnitRenderer(failsOnWarning: failsOnWarning) { _ in "a: 1\nheads: 5\n" }.render(reports)
  }

  @Test func aFileIsATestCase() {
    let text = render([
      FileReport(file: "good.yaml", diagnostics: []),
      FileReport(
        file: "a\"b.yaml",
        diagnostics: [
          Diagnostic(wrong, "x < \"y\" & \u{1}", at: range(2, 1, 6)), Diagnostic(odd, "strange"),
        ]),
      FileReport(file: "gone.yaml", diagnostics: [Diagnostic(missing, "gone")]),
    ])
    #expect(
      text == """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="ditharos validate" tests="3" failures="1" errors="1">
          <testsuite name="good.yaml" tests="1" failures="0" errors="0">
            <testcase classname="ditharos.validate" name="good.yaml" file="good.yaml"/>
          </testsuite>
          <testsuite name="a&quot;b.yaml" tests="1" failures="1" errors="0">
            <testcase classname="ditharos.validate" name="a&quot;b.yaml" file="a&quot;b.yaml">
              <failure message="x &lt; &quot;y&quot; &amp; \\u{1}" type="spec.wrong">\
        a b/é.yaml:2:1: error: x &lt; &quot;y&quot; &amp; \\u{1} [spec.wrong]
          2 | heads: 5
            | ^~~~~
        </failure>
              <system-out>warning: strange [spec.odd]
        </system-out>
            </testcase>
          </testsuite>
          <testsuite name="gone.yaml" tests="1" failures="0" errors="1">
            <testcase classname="ditharos.validate" name="gone.yaml" file="gone.yaml">
              <error message="gone" type="file.missing">error: gone [file.missing]
        </error>
            </testcase>
          </testsuite>
        </testsuites>

        """)
  }

  @Test func warningsFailWhereTheyAreToFail() {
    let report = FileReport(
      file: "a", diagnostics: [Diagnostic(odd, "strange"), Diagnostic(odd, "stranger")])
    #expect(!render([report]).contains("<failure"))
    let text = render([report], failsOnWarning: true)
    #expect(text.contains("<failure message=\"strange (and 1 more)\" type=\"spec.odd\">"))
    #expect(!text.contains("<system-out>"))
  }
}

@Suite struct SARIFRendererTests {
  private func run(_ reports: [FileReport], resultLimit: Int = 100) throws -> DocumentNode {
    let renderer = SARIFRenderer(version: "1.2.3", folder: "/work", resultLimit: resultLimit)
    let root = try parseJSON(renderer.render(reports).text(), file: "sarif")
    #expect(root["version"]?.text == "2.1.0")
    #expect(root["$schema"]?.text?.hasSuffix("/sarif-schema-2.1.0.json") == true)
    return try #require(root["runs"]?.elements?.first)
  }

  /// A node by keys and, as digits, indices.
  private func node(_ root: DocumentNode, _ path: String) -> DocumentNode? {
    path.split(separator: ".").reduce(root as DocumentNode?) { node, part in
      Int(part).map { node?.elements?[$0] } ?? node?[String(part)]
    }
  }

  @Test func aResultHasItsPlacesAndItsRepair() throws {
    let run = try run([FileReport(file: "a b/é.yaml", diagnostics: [repairable])])
    let expected = [
      "columnKind": "unicodeCodePoints",
      "tool.driver.name": "ditharos", "tool.driver.semanticVersion": "1.2.3",
      "tool.driver.rules.0.id": "spec.wrong",
      "tool.driver.rules.0.shortDescription.text": "Nothing is wrong.",
      "tool.driver.rules.0.defaultConfiguration.level": "error",
      "invocations.0.executionSuccessful": "true",
      "results.0.ruleId": "spec.wrong", "results.0.ruleIndex": "0", "results.0.level": "error",
      "results.0.message.text": "50% wrong: a,b\nhelp: write 4",
      "results.0.locations.0.physicalLocation.artifactLocation.uri": "a%20b/%C3%A9.yaml",
      "results.0.locations.0.physicalLocation.artifactLocation.uriBaseId": "%SRCROOT%",
      "results.0.locations.0.physicalLocation.region.startLine": "2",
      "results.0.locations.0.physicalLocation.region.startColumn": "8",
      "results.0.locations.0.physicalLocation.region.endLine": "2",
      "results.0.locations.0.physicalLocation.region.endColumn": "9",
      "results.0.relatedLocations.0.message.text": "because\nof this",
      "results.0.relatedLocations.0.physicalLocation.region.startLine": "1",
      "results.0.fixes.0.artifactChanges.0.artifactLocation.uri": "a%20b/%C3%A9.yaml",
      "results.0.fixes.0.artifactChanges.0.replacements.0.deletedRegion.startColumn": "8",
      "results.0.fixes.0.artifactChanges.0.replacements.0.deletedRegion.endColumn": "9",
      "results.0.fixes.0.artifactChanges.0.replacements.0.insertedContent.text": "4",
    ]
    for (path, text) in expected { #expect(node(run, path)?.text == text, "\(path)") }
  }

  @Test func aProblemWithoutAPlaceIsInTheFirstLineOfItsFile() throws {
    let run = try run([FileReport(file: "../x.yaml", diagnostics: [Diagnostic(missing, "gone")])])
    let place = "results.0.locations.0.physicalLocation"
    #expect(node(run, "\(place).artifactLocation.uri")?.text == "file:///x.yaml")
    #expect(node(run, "\(place).region.startLine")?.text == "1")
  }

  @Test func rulesAreListedOnceAndReferredToByIndex() throws {
    let report = FileReport(
      file: "a",
      diagnostics: [Diagnostic(wrong, "x"), Diagnostic(odd, "y"), Diagnostic(wrong, "z")])
    let run = try run([report])
    let rules = node(run, "tool.driver.rules")?.elements?.map { $0["id"]?.text }
    #expect(rules == ["spec.odd", "spec.wrong"])
    let results = try #require(run["results"]?.elements)
    #expect(results.map { $0["ruleIndex"]?.text } == ["1", "0", "1"])
    #expect(results.map { $0["level"]?.text } == ["error", "warning", "error"])
    let fingerprints = Set(
      results.compactMap { $0["partialFingerprints"]?.entries?.first?.value.text })
    #expect(fingerprints.count == 3)
  }

  @Test func fingerprintsDoNotDependOnLines() throws {
    var moved = repairable
    moved.primary = range(7, 8, 9)
    let fingerprints = try [repairable, moved].map { diagnostic in
      let run = try run([FileReport(file: "a", diagnostics: [diagnostic])])
      return node(run, "results.0.partialFingerprints")?.entries?.first?.value.text
    }
    #expect(fingerprints[0] != nil)
    #expect(fingerprints[0] == fingerprints[1])
  }

  @Test func ofTooManyResultsErrorsStay() throws {
    let report = FileReport(
      file: "a",
      diagnostics: [Diagnostic(odd, "1"), Diagnostic(wrong, "2"), Diagnostic(wrong, "3")])
    let run = try run([report], resultLimit: 2)
    #expect(run["results"]?.elements?.map { $0["message"]?["text"]?.text } == ["2", "3"])
    let notice = node(run, "invocations.0.toolExecutionNotifications.0.message.text")?.text
    #expect(notice?.hasPrefix("1 more results") == true)
  }

  @Test func textsAreAtMost1024Scalars() throws {
    let long = String(repeating: "y", count: 5000)
    let run = try run([FileReport(file: "a", diagnostics: [Diagnostic(wrong, long)])])
    let text = try #require(node(run, "results.0.message.text")?.text)
    #expect(text.unicodeScalars.count == 1024)
    #expect(text.hasSuffix("…"))
  }
}
