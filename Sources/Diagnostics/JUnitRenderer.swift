/// Renders diagnostics as a JUnit report: a suite and a test case for each file.
///
/// A test case fails with all errors of its file as text; a file that cannot be read is an error
/// in JUnit's sense; warnings are its output.
///
/// - Source: The format has no standard; this is what GitLab's and Jenkins' readers share.
package struct JUnitRenderer {
  /// Gives the text of a file by the name in a range, or nil when it is not known.
  private let sourceText: (String) -> String?
  /// Whether warnings fail.
  private let failsOnWarning: Bool

  /// A renderer.
  package init(failsOnWarning: Bool = false, sourceText: @escaping (String) -> String?) {
    self.failsOnWarning = failsOnWarning
    self.sourceText = sourceText
  }

  /// The report of all files.
  package func render(_ reports: [FileReport]) -> String {
    let cases = reports.map(Case.init)
    let failing = cases.map { failures(of: $0) }
    let errorCount = zip(cases, failing).count { $0.isUnusable && !$1.isEmpty }
    let failureCount = failing.count { !$0.isEmpty } - errorCount
    var output = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    output += "<testsuites name=\"ditharos validate\" tests=\"\(cases.count)\""
    output += " failures=\"\(failureCount)\" errors=\"\(errorCount)\">\n"
    for (testCase, failures) in zip(cases, failing) {
      append(testCase, failures, to: &output)
    }
    return output + "</testsuites>\n"
  }

  private struct Case {
    var file: String
    var diagnostics: [Diagnostic]

    init(_ report: FileReport) {
      file = report.file
      diagnostics = report.diagnostics.inTextOrder
    }

    /// Whether the file could not be checked.
    var isUnusable: Bool {
      diagnostics.contains {
        $0.rule.severity == .error && ($0.rule.kind == .input || $0.rule.kind == .program)
      }
    }
  }

  private func failures(of testCase: Case) -> [Diagnostic] {
    testCase.diagnostics.filter { failsOnWarning || $0.rule.severity == .error }
  }

  private func append(_ testCase: Case, _ failures: [Diagnostic], to output: inout String) {
    let name = escaped(testCase.file == "-" ? "standard input" : testCase.file)
    let isError = testCase.isUnusable && !failures.isEmpty
    let isFailure = !isError && !failures.isEmpty
    output += "  <testsuite name=\"\(name)\" tests=\"1\" failures=\"\(isFailure ? 1 : 0)\""
    output += " errors=\"\(isError ? 1 : 0)\">\n"
    output += "    <testcase classname=\"ditharos.validate\" name=\"\(name)\" file=\"\(name)\""
    guard let first = failures.first ?? testCase.diagnostics.first else {
      output += "/>\n  </testsuite>\n"
      return
    }
    output += ">\n"
    if !failures.isEmpty {
      let element = isError ? "error" : "failure"
      let rest = failures.count > 1 ? " (and \(failures.count - 1) more)" : ""
      output += "      <\(element) message=\"\(escaped(first.message + rest))\""
      output += " type=\"\(escaped(first.rule.id))\">\(text(of: failures))</\(element)>\n"
    }
    let others = testCase.diagnostics.filter { !failures.contains($0) }
    if !others.isEmpty { output += "      <system-out>\(text(of: others))</system-out>\n" }
    output += "    </testcase>\n  </testsuite>\n"
  }

  private func text(of diagnostics: [Diagnostic]) -> String {
    escaped(TextRenderer(sourceText: sourceText).render(diagnostics), keepsLines: true)
  }

  /// A text for an element or an attribute; what XML has no way to write is shown as an escape.
  private func escaped(_ text: String, keepsLines: Bool = false) -> String {
    var output = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"": output += "&quot;"
      case "'": output += "&apos;"
      case "\n": output += keepsLines ? "\n" : "&#10;"
      case "\t": output += keepsLines ? "\t" : "&#9;"
      case "\u{FFFE}", "\u{FFFF}":
        output += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      default: output += visible(scalar)
      }
    }
    return output
  }
}
