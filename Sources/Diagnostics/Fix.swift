/// A repair: the text of one place replaced by another.
package struct Fix: Sendable, Hashable {
  /// The place whose text is replaced; within one line.
  package var range: SourceRange
  /// The text that replaces it, without a line break.
  package var replacement: String
  /// Whether it can only be what was meant, so that a program may apply it.
  package var isSafe: Bool
}

extension Diagnostic {
  /// The repair of the place; nil without a suggestion, or where the place spans lines or nothing.
  package var fix: Fix? {
    guard let suggestion, let range = primary, range.start.line == range.end.line,
      range.start.column < range.end.column, !suggestion.contains(where: \.isNewline)
    else { return nil }
    return Fix(range: range, replacement: suggestion, isSafe: isSafe)
  }
}

/// What came of applying fixes to a text.
package struct FixedText: Sendable {
  /// The text, repaired.
  package var text: String
  /// The problems that are repaired, as they were reported, in the order of their repair.
  package var applied: [Diagnostic] = []
  /// The problems of the repaired text.
  package var remaining: [Diagnostic]
}

/// Applies the safe fixes of a text until none is left; everything else stays byte for byte.
///
/// A fix is kept only if the text is checked again, its problem is gone and the YAML is no worse:
/// fixes that do harm together are tried one by one, and one that does harm alone is not applied.
///
/// - Parameters:
///   - file: The name that the text's ranges carry; fixes of other files are left alone.
///   - diagnostics: The problems of the text.
///   - check: The problems of a text in place of this one.
package func applySafeFixes(
  to text: String, file: String, diagnostics: [Diagnostic], check: (String) -> [Diagnostic]
) -> FixedText {
  var result = FixedText(text: text, remaining: diagnostics)
  var refused: Set<FixKey> = []
  // For a text that is made to be slow; what is left then can be repaired by another run.
  var checksLeft = 64
  while checksLeft > 0 {
    let fixes = disjointFixes(of: result.remaining, file: file, except: refused)
    if fixes.isEmpty { break }
    checksLeft -= 1
    if result.apply(fixes, check: check) { continue }
    for fix in fixes.prefix(checksLeft) {
      checksLeft -= 1
      if result.apply([fix], check: check) { break }
      refused.insert(FixKey(fix))
    }
  }
  return result
}

/// What a problem is, wherever in its text it stands.
private struct FixKey: Hashable {
  let rule: Rule
  let message: String
  let path: String?

  init(_ diagnostic: Diagnostic) {
    rule = diagnostic.rule
    message = diagnostic.message
    path = diagnostic.path
  }
}

/// The problems with safe fixes in text order; of those that overlap the first.
private func disjointFixes(
  of diagnostics: [Diagnostic], file: String, except refused: Set<FixKey>
) -> [Diagnostic] {
  var found: [Diagnostic] = []
  var end = SourcePosition(line: 0, column: 0)
  for diagnostic in diagnostics.inTextOrder {
    guard let fix = diagnostic.fix, fix.isSafe, fix.range.file == file, fix.range.start >= end,
      !refused.contains(FixKey(diagnostic))
    else { continue }
    found.append(diagnostic)
    end = fix.range.end
  }
  return found
}

extension FixedText {
  /// Applies the fixes of problems that do not overlap, in text order; false, and nothing is
  /// changed, where that repairs not all of them or does harm.
  fileprivate mutating func apply(
    _ problems: [Diagnostic], check: (String) -> [Diagnostic]
  ) -> Bool {
    var source = SourceText(text)
    var bytes: [UInt8] = []
    var copied = 0
    var shift = (line: 0, columns: 0)
    var places: Set<Place> = []
    for problem in problems {
      guard let fix = problem.fix, let range = source.byteRange(of: fix.range),
        range.lowerBound >= copied
      else { return false }
      // What begins with the mark of an anchor or a tag would lose it.
      if let first = source.bytes[range].first, "&!".utf8.contains(first) { return false }
      let (start, end) = (fix.range.start, fix.range.end)
      if shift.line != start.line { shift = (start.line, 0) }
      places.insert(
        Place(
          rule: problem.rule,
          start: SourcePosition(line: start.line, column: start.column + shift.columns)))
      shift.columns += fix.replacement.unicodeScalars.count - (end.column - start.column)
      bytes += source.bytes[copied..<range.lowerBound]
      bytes += fix.replacement.utf8
      copied = range.upperBound
    }
    bytes += source.bytes[copied...]
    let repaired = String(decoding: bytes, as: UTF8.self)
    let found = check(repaired)
    let file = problems.first?.primary?.file
    let isRepaired = !found.contains { problem in
      guard let range = problem.primary, range.file == file else { return false }
      return places.contains(Place(rule: problem.rule, start: range.start))
    }
    guard isRepaired, found.structuralCount <= remaining.structuralCount else { return false }
    text = repaired
    applied += problems
    remaining = found
    return true
  }

  private struct Place: Hashable {
    let rule: Rule
    let start: SourcePosition
  }
}

extension [Diagnostic] {
  /// The number of problems of the YAML itself, which hide all others.
  fileprivate var structuralCount: Int { count { $0.rule.id.hasPrefix("yaml.") } }
}
