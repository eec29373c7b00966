import Diagnostics
import Documents

/// A comment `# ditharos: ignore RULE[, RULE]`, with a reason after `--` if there is one.
struct IgnoreComment {
  /// A rule that it names.
  struct Name {
    var id: String
    var range: SourceRange
  }

  /// The rules that it names, in the order written.
  var names: [Name]
  /// From `#` to the end of the line.
  var range: SourceRange
  /// The line whose diagnostics it hides: its own, or the next one with content where it has a
  /// line of its own; 0 when there is none.
  var line: Int
}

/// The comments of a YAML text that ignore rules; none in a text that cannot be parsed.
func ignoreComments(in text: String, file: String) -> [IgnoreComment] {
  guard text.utf8.contains("ignore".utf8), text.utf8.contains("ditharos".utf8),
    let root = parseYAML(text, file: file).root
  else { return [] }
  var comments: [IgnoreComment] = []
  // Those on lines of their own, until a line with content comes.
  var waiting: [Int] = []
  var quoted: [SourceRange]?
  for (index, line) in yamlLines(of: text).enumerated() {
    let number = index + 1
    let content = line.firstIndex { $0 != " " && $0 != "\t" }
    guard let content else { continue }
    if let (start, names) = ignoredNames(in: line) {
      func range(_ columns: Range<Int>) -> SourceRange {
        SourceRange(
          file: file, start: SourcePosition(line: number, column: columns.lowerBound + 1),
          end: SourcePosition(line: number, column: columns.upperBound + 1))
      }
      let whole = range(start..<line.count)
      let strings = quoted ?? quotedRanges(in: root)
      quoted = strings
      if !strings.contains(where: { $0.start <= whole.start && whole.start < $0.end }) {
        if start == content { waiting.append(comments.count) }
        comments.append(
          IgnoreComment(
            names: names.map {
              IgnoreComment.Name(
                id: String(String.UnicodeScalarView(line[$0])), range: range($0))
            }, range: whole, line: start == content ? 0 : number))
      }
    }
    if line[content] == "#" { continue }
    for comment in waiting { comments[comment].line = number }
    waiting = []
  }
  return comments
}

/// Where `#` stands, and where the names of rules do; nil for a line without such a comment.
private func ignoredNames(in line: [Unicode.Scalar]) -> (start: Int, names: [Range<Int>])? {
  for start in line.indices
  where line[start] == "#" && (start == 0 || line[start - 1] == " " || line[start - 1] == "\t") {
    var words = words(of: line, from: start + 1)[...]
    func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(line[range])) }
    guard let first = words.popFirst() else { continue }
    if text(first) == "ditharos:ignore" {
    } else if text(first) == "ditharos:", let second = words.popFirst(), text(second) == "ignore" {
    } else {
      continue
    }
    return (start, Array(words.prefix { text($0) != "--" && line[$0.lowerBound] != "#" }))
  }
  return nil
}

/// The stretches between spaces, tabs and commas.
private func words(of line: [Unicode.Scalar], from start: Int) -> [Range<Int>] {
  var words: [Range<Int>] = []
  var wordStart: Int?
  for index in start...line.count {
    let isSeparator =
      index == line.count || line[index] == " " || line[index] == "\t" || line[index] == ","
    if isSeparator, let first = wordStart {
      words.append(first..<index)
      wordStart = nil
    } else if !isSeparator, wordStart == nil {
      wordStart = index
    }
  }
  return words
}

/// The lines of a text as YAML counts them, the byte order mark left out.
private func yamlLines(of text: String) -> [[Unicode.Scalar]] {
  var lines: [[Unicode.Scalar]] = []
  var line: [Unicode.Scalar] = []
  var isAfterReturn = false
  for (index, scalar) in text.unicodeScalars.enumerated() {
    if index == 0, scalar == "\u{FEFF}" { continue }
    switch scalar {
    case "\n" where isAfterReturn: isAfterReturn = false
    case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
      lines.append(line)
      line = []
      isAfterReturn = scalar == "\r"
    default:
      line.append(scalar)
      isAfterReturn = false
    }
  }
  return lines + [line]
}

/// The places of strings in quotes and blocks, in which `#` begins no comment.
private func quotedRanges(in root: DocumentNode) -> [SourceRange] {
  var ranges: [SourceRange] = []
  var rest = [root]
  while let node = rest.popLast() {
    switch node.kind {
    case .scalar(_, .quoted): ranges.append(node.range)
    case .scalar(_, .plain): break
    case .sequence(let elements): rest += elements
    case .mapping(let entries): rest += entries.flatMap { [$0.key, $0.value] }
    }
  }
  return ranges
}
