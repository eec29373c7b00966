/// A position in a text; lines and columns count from 1, columns in Unicode scalars.
package struct SourcePosition: Sendable, Hashable, Comparable {
  /// The line, from 1.
  package var line: Int
  /// The column in Unicode scalars, from 1.
  package var column: Int

  /// A position by line and column.
  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Orders by line, then by column.
  package static func < (left: Self, right: Self) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A half-open stretch of one file's text.
package struct SourceRange: Sendable, Hashable {
  /// The file as the user named it; `-` is standard input.
  package var file: String
  /// The first character.
  package var start: SourcePosition
  /// The position after the last character.
  package var end: SourcePosition

  /// A range of a file.
  package init(file: String, start: SourcePosition, end: SourcePosition) {
    self.file = file
    self.start = start
    self.end = end
  }
}
