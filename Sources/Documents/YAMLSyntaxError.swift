import CYaml
import Diagnostics

/// Describes the error at which libyaml stopped.
struct YAMLSyntaxError {
  let file: String
  let bytes: UnsafeBufferPointer<UInt8>

  /// The place of a mark; libyaml puts the end of a text without a last line feed on a line of its
  /// own, which the text does not have.
  private func point(_ mark: yaml_mark_t) -> SourceRange {
    point(min(SourcePosition(mark), position(offset: bytes.count)))
  }

  private func point(_ start: SourcePosition) -> SourceRange {
    SourceRange(
      file: file, start: start,
      end: SourcePosition(line: start.line, column: start.column + 1))
  }

  /// What the parser stopped at.
  func diagnostic(of parser: yaml_parser_t) -> Diagnostic {
    let problem = parser.problem.map { String(cString: $0) } ?? "the text is not YAML"
    if parser.error == YAML_READER_ERROR {
      return Diagnostic(
        DocumentRules.yamlSyntax, problem, help: "remove the character",
        at: point(position(offset: parser.problem_offset)))
    }
    var related: [Diagnostic.Related] = []
    if let context = parser.context, parser.context_mark.index != parser.problem_mark.index {
      related = [Diagnostic.Related(point(parser.context_mark), String(cString: context))]
    }
    let isTab =
      problem.contains("cannot start any token")
      && lineStartsWithTab(parser.problem_mark.line)
    return Diagnostic(
      DocumentRules.yamlSyntax, isTab ? "a tab cannot indent YAML" : problem,
      help: isTab ? "indent with spaces" : nil, at: point(parser.problem_mark), related: related)
  }

  private func lineStartsWithTab(_ line: Int) -> Bool {
    let lines = bytes.split(separator: 0x0A, maxSplits: line + 1, omittingEmptySubsequences: false)
    guard lines.indices.contains(line) else { return false }
    return lines[line].first { $0 != 0x20 } == 0x09
  }

  /// The position of a byte, with the line ends that libyaml knows.
  private func position(offset: Int) -> SourcePosition {
    var position = SourcePosition(line: 1, column: 1)
    let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    let text = String(decoding: bytes.prefix(offset).dropFirst(hasMark ? 3 : 0), as: UTF8.self)
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n" where previous == "\r": break
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
        position = SourcePosition(line: position.line + 1, column: 1)
      default: position.column += 1
      }
      previous = scalar
    }
    return position
  }
}

extension SourcePosition {
  /// The position of a mark, which counts from 0.
  init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
