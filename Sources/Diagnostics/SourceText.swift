/// A text by line, column and byte.
///
/// Lines end as YAML's do: at a line feed, a carriage return, both, or U+0085, U+2028 or U+2029.
struct SourceText {
  /// The text in UTF-8.
  let bytes: [UInt8]
  /// The byte at which each line begins.
  private let lineStarts: [Int]
  /// The last place that was looked up: places in order are found in one walk.
  private var last = (position: SourcePosition(line: 0, column: 0), offset: 0)

  /// A text.
  init(_ text: String) {
    let bytes = Array(text.utf8)
    var starts = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
    var index = 0
    while index < bytes.count {
      let count = Self.lineBreakCount(bytes[index...])
      index += max(1, count)
      if count > 0 { starts.append(index) }
    }
    self.bytes = bytes
    lineStarts = starts
  }

  /// The bytes of a range; nil where it is not in the text.
  mutating func byteRange(of range: SourceRange) -> Range<Int>? {
    guard let start = offset(of: range.start), let end = offset(of: range.end), start <= end else {
      return nil
    }
    return start..<end
  }

  private mutating func offset(of position: SourcePosition) -> Int? {
    guard lineStarts.indices.contains(position.line - 1), position.column >= 1 else { return nil }
    var (column, offset) = (1, lineStarts[position.line - 1])
    if last.position.line == position.line, last.position.column <= position.column {
      (column, offset) = (last.position.column, last.offset)
    }
    for _ in column..<position.column {
      guard offset < bytes.count, Self.lineBreakCount(bytes[offset...]) == 0 else { return nil }
      offset += 1
      while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
    }
    last = (position, offset)
    return offset
  }

  /// The bytes of the line break that bytes begin with; 0 without one.
  private static func lineBreakCount(_ bytes: ArraySlice<UInt8>) -> Int {
    switch bytes.first {
    case 0x0A: 1
    case 0x0D: bytes.dropFirst().first == 0x0A ? 2 : 1
    case 0xC2: bytes.dropFirst().first == 0x85 ? 2 : 0
    case 0xE2:
      bytes.starts(with: [0xE2, 0x80, 0xA8]) || bytes.starts(with: [0xE2, 0x80, 0xA9]) ? 3 : 0
    default: 0
    }
  }
}
