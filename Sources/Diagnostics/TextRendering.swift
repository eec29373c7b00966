/// Renders diagnostics for people: the message, the source line, what to do.
///
/// ```
/// model.yaml:8:8: error: heads 5 does not divide latent_dim 384 [spec.heads-divide-width]
///   8 | heads: 5
///     |        ^
/// model.yaml:6:13: note: `latent_dim` is set here
/// help: 4, 6 and 8 divide it
/// ```
package struct TextRenderer {
  /// Whether the output carries terminal colours.
  private let color: Bool
  /// The most diagnostics spelled out; the rest are counted.
  private let limit: Int
  /// Gives the text of a file by the name in a range, or nil when it is not known.
  private let sourceText: (String) -> String?

  /// A renderer.
  package init(color: Bool = false, limit: Int = 50, sourceText: @escaping (String) -> String?) {
    self.color = color
    self.limit = limit
    self.sourceText = sourceText
  }

  /// All diagnostics in text order, each followed by a line feed.
  package func render(_ diagnostics: [Diagnostic]) -> String {
    var sources: [String: [Substring]] = [:]
    var output = ""
    for diagnostic in diagnostics.inTextOrder.prefix(limit) {
      append(diagnostic, to: &output, sources: &sources)
    }
    if diagnostics.count > limit {
      output += "and \(diagnostics.count - limit) more\n"
    }
    return output
  }

  private enum Style: String {
    case bold = "\u{1B}[1m"
    case red = "\u{1B}[1;31m"
    case yellow = "\u{1B}[1;33m"
    case cyan = "\u{1B}[1;36m"
  }

  private func styled(_ text: String, _ style: Style) -> String {
    color ? style.rawValue + text + "\u{1B}[0m" : text
  }

  private func append(
    _ diagnostic: Diagnostic, to output: inout String, sources: inout [String: [Substring]]
  ) {
    let style: Style
    switch diagnostic.rule.severity {
    case .error: style = .red
    case .warning: style = .yellow
    }
    if let range = diagnostic.primary { output += styled(range.description + ": ", .bold) }
    output += styled(diagnostic.rule.severity.rawValue + ": ", style)
    output += visible(diagnostic.message) + " [\(diagnostic.rule.id)]\n"
    if let range = diagnostic.primary {
      appendExcerpt(range, style, to: &output, sources: &sources)
    }
    for related in diagnostic.related {
      output += styled(related.range.description + ": ", .bold) + styled("note: ", .cyan)
      output += visible(related.message) + "\n"
      appendExcerpt(related.range, .cyan, to: &output, sources: &sources)
    }
    if let help = diagnostic.help {
      output += styled("help: ", .cyan) + visible(help) + "\n"
    }
  }

  private func appendExcerpt(
    _ range: SourceRange, _ style: Style, to output: inout String,
    sources: inout [String: [Substring]]
  ) {
    let lines =
      sources[range.file]
      ?? sourceText(range.file).map {
        $0.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      } ?? []
    sources[range.file] = lines
    guard lines.indices.contains(range.start.line - 1) else { return }
    var line = Array(lines[range.start.line - 1].unicodeScalars)
    // The byte order mark has no column.
    if range.start.line == 1, line.first == "\u{FEFF}" { line.removeFirst() }
    let start = min(max(range.start.column - 1, 0), line.count)
    let end = range.end.line == range.start.line ? range.end.column - 1 : line.count
    let window = excerpt(of: line.count, around: start)
    let length = max(1, min(end, window.upperBound) - start)
    let gutter = String(repeating: " ", count: String(range.start.line).count + 2)
    let text = line[window].map { visible($0) }.joined()
    let indent = line[window.lowerBound..<start].map {
      String(repeating: " ", count: columnCount(of: $0))
    }.joined()
    let underlined = line[start..<min(start + length, line.count)]
    let width = max(1, underlined.reduce(0) { $0 + columnCount(of: $1) })
    output += "  \(range.start.line) | \(text)\n"
    output += "\(gutter) | \(indent)"
    output += styled("^" + String(repeating: "~", count: width - 1), style) + "\n"
  }

  /// The part of a line that is shown: at most 120 scalars around a position.
  private func excerpt(of count: Int, around position: Int) -> Range<Int> {
    if count <= 120 { return 0..<count }
    let start = max(0, min(position - 40, count - 120))
    return start..<(start + 120)
  }
}

extension SourceRange: CustomStringConvertible {
  /// The file, line and column where it starts.
  package var description: String { "\(file):\(start.line):\(start.column)" }
}

/// A scalar as it is printed: control characters, which a terminal could obey, become escapes.
func visible(_ scalar: Unicode.Scalar) -> String {
  if scalar == "\t" { return " " }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator:
    return "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
  default: return String(scalar)
  }
}

private func visible(_ text: String) -> String {
  text.unicodeScalars.map { $0 == "\n" ? "\n" : visible($0) }.joined()
}

/// Columns of a terminal that a scalar takes.
private func columnCount(of scalar: Unicode.Scalar) -> Int {
  let properties = scalar.properties
  switch properties.generalCategory {
  case .nonspacingMark, .enclosingMark: return 0
  case .control, .format, .lineSeparator, .paragraphSeparator:
    return scalar == "\t" ? 1 : visible(scalar).unicodeScalars.count
  default: return isWide(scalar.value) ? 2 : 1
  }
}

/// Whether a terminal shows a code point in two columns: the blocks of East Asian scripts and
/// pictographs.
private func isWide(_ value: UInt32) -> Bool {
  switch value {
  case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F,
    0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
    true
  default: false
  }
}
