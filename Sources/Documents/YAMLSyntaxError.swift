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
    if let clear = unclosed(parser) ?? keyWithoutSpace(problem, parser.problem_mark) {
      return clear
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
      help: isTab
        ? "indent with spaces"
        : problem.contains("expected key") ? "start the keys of a mapping in one column" : nil,
      at: point(parser.problem_mark), related: related)
  }

  /// The problem of something that begins on one line and whose lack of an end is seen on a later
  /// one: it is located where it begins.
  private func unclosed(_ parser: yaml_parser_t) -> Diagnostic? {
    guard let context = parser.context.map({ String(cString: $0) }),
      parser.problem_mark.line > parser.context_mark.line
    else { return nil }
    let start = point(parser.context_mark)
    func diagnostic(_ message: String, _ help: String) -> Diagnostic {
      Diagnostic(
        DocumentRules.yamlSyntax, message, help: help, at: start,
        related: [Diagnostic.Related(point(parser.problem_mark), "noticed here")])
    }
    switch context {
    case "while scanning a simple key":
      return diagnostic("a key has no `: ` after it", "write `key: value`, with a space")
    case "while scanning a quoted scalar":
      return diagnostic("a quote is opened and not closed", "close it")
    case "while parsing a flow sequence", "while parsing a flow mapping":
      // Content that is indented like the line of the bracket is not meant to be within it.
      guard
        parser.problem_mark.line >= lineCount
          || indentation(parser.problem_mark.line) <= indentation(parser.context_mark.line)
      else { return nil }
      let bracket = context.hasSuffix("sequence") ? "[" : "{"
      return diagnostic(
        "`\(bracket)` is opened and not closed", "close it with `\(bracket == "[" ? "]" : "}")`")
    default: return nil
    }
  }

  /// The problem of a key that a value follows without a space, before a key that is right: the
  /// parser takes both lines for one text, and stops at the colon of the second.
  private func keyWithoutSpace(_ problem: String, _ mark: yaml_mark_t) -> Diagnostic? {
    guard
      problem.hasPrefix("mapping values are not allowed") || problem.contains("expected key")
    else { return nil }
    let lines = bytes.split(
      separator: 0x0A, maxSplits: mark.line + 1, omittingEmptySubsequences: false)
    guard lines.indices.contains(mark.line) else { return nil }
    let indentation = lines[mark.line].prefix { $0 == 0x20 }.count
    var wrong: Int?
    for index in (0..<mark.line).reversed() {
      let content = lines[index].drop { $0 == 0x20 || $0 == 0x0D }
      if content.isEmpty || content.first == 0x23 { continue }
      guard lines[index].prefix(while: { $0 == 0x20 }).count == indentation,
        let colon = content.firstIndex(of: 0x3A), colon + 1 < content.endIndex,
        ![0x20, 0x0D].contains(content[colon + 1])
      else { break }
      wrong = index
    }
    guard let wrong else { return nil }
    let start = SourcePosition(line: wrong + 1, column: indentation + 1)
    let end = SourcePosition(line: wrong + 1, column: indentation + 2)
    return Diagnostic(
      DocumentRules.yamlSyntax, "a key has no `: ` after it",
      help: "write `key: value`, with a space",
      at: SourceRange(file: file, start: start, end: end),
      related: [Diagnostic.Related(point(mark), "noticed here")])
  }

  private var lineCount: Int { bytes.count { $0 == 0x0A } }

  private func indentation(_ line: Int) -> Int {
    let lines = bytes.split(separator: 0x0A, maxSplits: line + 1, omittingEmptySubsequences: false)
    return lines.indices.contains(line) ? lines[line].prefix { $0 == 0x20 }.count : 0
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
