import Diagnostics

/// Parses one JSON value, strictly as RFC 8259 defines it.
///
/// Numbers, `true`, `false` and `null` become plain scalars with the text as written, strings
/// quoted ones. Duplicate keys are errors.
///
/// - Parameters:
///   - bytes: The text in UTF-8, without a byte order mark.
///   - file: The name that ranges carry.
///   - allowsNonFinite: Whether `NaN`, `Infinity` and `-Infinity`, which Python writes, are plain
///     scalars too.
/// - Throws: What is wrong: one `json.syntax`, or all duplicate keys.
/// - Complexity: Linear in the number of bytes.
package func parseJSON(
  _ bytes: UnsafeRawBufferPointer, file: String, limits: DocumentLimits = .data,
  allowsNonFinite: Bool = false
) throws(DiagnosticsError) -> DocumentNode {
  var parser = JSONParser(
    bytes: bytes, file: file, limits: limits, allowsNonFinite: allowsNonFinite)
  let root = try parser.parseDocument()
  if !parser.duplicates.isEmpty { throw DiagnosticsError(parser.duplicates) }
  return root
}

/// Parses one JSON value from a string.
///
/// - Throws: As the function over bytes.
package func parseJSON(
  _ text: String, file: String, limits: DocumentLimits = .data, allowsNonFinite: Bool = false
) throws(DiagnosticsError) -> DocumentNode {
  var text = text
  let result = text.withUTF8 { bytes in
    Result { () throws(DiagnosticsError) in
      try parseJSON(
        UnsafeRawBufferPointer(bytes), file: file, limits: limits,
        allowsNonFinite: allowsNonFinite)
    }
  }
  return try result.get()
}

private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let file: String
  let limits: DocumentLimits
  /// The words that are values.
  let words: [String]
  var duplicates: [Diagnostic] = []
  private var offset = 0
  private var line = 1
  private var column = 1
  private var nodeCount = 0

  init(
    bytes: UnsafeRawBufferPointer, file: String, limits: DocumentLimits, allowsNonFinite: Bool
  ) {
    self.bytes = bytes
    self.file = file
    self.limits = limits
    words =
      ["true", "false", "null"] + (allowsNonFinite ? ["NaN", "Infinity", "-Infinity"] : [])
  }

  mutating func parseDocument() throws(DiagnosticsError) -> DocumentNode {
    if bytes.count > limits.byteCount {
      throw failure("the text has \(bytes.count) bytes, more than \(limits.byteCount)")
    }
    skipSpace()
    let root = try parseValue(depth: 0)
    skipSpace()
    if offset < bytes.count { throw failure("text follows the value") }
    return root
  }

  private mutating func parseValue(depth: Int) throws(DiagnosticsError) -> DocumentNode {
    nodeCount += 1
    if nodeCount > limits.nodeCount {
      throw failure("the text holds more than \(limits.nodeCount) values")
    }
    let start = position
    guard let byte = peek() else { throw failure("the text ends where a value should stand") }
    switch byte {
    case UInt8(ascii: "{"): return try parseObject(from: start, depth: depth)
    case UInt8(ascii: "["): return try parseArray(from: start, depth: depth)
    case UInt8(ascii: "\""):
      let text = try parseString()
      return node(.scalar(text, .quoted), from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      let text = try parseNumber()
      return node(.scalar(text, .plain), from: start)
    default:
      if let word = takeWord() { return node(.scalar(word, .plain), from: start) }
      guard byte == UInt8(ascii: "-") else { throw failure("expected a value") }
      let text = try parseNumber()
      return node(.scalar(text, .plain), from: start)
    }
  }

  private mutating func parseObject(
    from start: SourcePosition, depth: Int
  ) throws(DiagnosticsError) -> DocumentNode {
    var entries: [DocumentNode.Entry] = []
    var ranges: [String: SourceRange] = [:]
    try parseList(close: UInt8(ascii: "}"), depth: depth) { parser throws(DiagnosticsError) in
      let keyStart = parser.position
      guard parser.peek() == UInt8(ascii: "\"") else { throw parser.failure("expected a key") }
      let text = try parser.parseString()
      let key = parser.node(.scalar(text, .quoted), from: keyStart)
      parser.skipSpace()
      guard parser.take(UInt8(ascii: ":")) else { throw parser.failure("expected `:`") }
      parser.skipSpace()
      let value = try parser.parseValue(depth: depth + 1)
      if let first = ranges.updateValue(key.range, forKey: text) {
        parser.duplicates.append(
          Diagnostic(
            DocumentRules.jsonSyntax, "key `\(text)` stands here a second time", at: key.range,
            related: [Diagnostic.Related(first, "`\(text)` stands here first")]))
      } else {
        entries.append(DocumentNode.Entry(key: key, value: value))
      }
    }
    return node(.mapping(entries), from: start)
  }

  private mutating func parseArray(
    from start: SourcePosition, depth: Int
  ) throws(DiagnosticsError) -> DocumentNode {
    var elements: [DocumentNode] = []
    try parseList(close: UInt8(ascii: "]"), depth: depth) { parser throws(DiagnosticsError) in
      elements.append(try parser.parseValue(depth: depth + 1))
    }
    return node(.sequence(elements), from: start)
  }

  private mutating func parseList(
    close: UInt8, depth: Int,
    element: (inout JSONParser) throws(DiagnosticsError) -> Void
  ) throws(DiagnosticsError) {
    if depth >= limits.depth { throw failure("values are nested deeper than \(limits.depth)") }
    advance()
    skipSpace()
    if take(close) { return }
    while true {
      try element(&self)
      skipSpace()
      if take(close) { return }
      guard take(UInt8(ascii: ",")) else {
        throw failure("expected `,` or `\(Character(Unicode.Scalar(close)))`")
      }
      skipSpace()
    }
  }

  private mutating func parseNumber() throws(DiagnosticsError) -> String {
    let start = offset
    func isDigit(_ byte: UInt8?) -> Bool {
      byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    }
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) {
      guard isDigit(peek()) else { throw failure("expected a digit") }
      while isDigit(peek()) { advance() }
    }
    if take(UInt8(ascii: ".")) {
      guard isDigit(peek()) else { throw failure("expected a digit") }
      while isDigit(peek()) { advance() }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard isDigit(peek()) else { throw failure("expected a digit") }
      while isDigit(peek()) { advance() }
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  /// Takes a word that is a value; nil where none stands.
  private mutating func takeWord() -> String? {
    for word in words where bytes[offset...].starts(with: word.utf8) {
      for _ in word.utf8 { advance() }
      return word
    }
    return nil
  }

  private mutating func parseString() throws(DiagnosticsError) -> String {
    advance()
    var text = ""
    while true {
      let start = offset
      while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
        byte >= 0x20
      {
        advance()
      }
      guard let part = String(validating: bytes[start..<offset], as: UTF8.self) else {
        throw failure("a string is not UTF-8")
      }
      text += part
      guard let byte = peek() else { throw failure("the text ends within a string") }
      if byte < 0x20 { throw failure("a control character stands in a string") }
      advance()
      if byte == UInt8(ascii: "\"") { return text }
      text.unicodeScalars.append(try parseEscape())
    }
  }

  private mutating func parseEscape() throws(DiagnosticsError) -> Unicode.Scalar {
    guard let byte = peek() else { throw failure("the text ends within a string") }
    let simple: [UInt8: Unicode.Scalar] = [
      UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/",
      UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n",
      UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]
    if let scalar = simple[byte] {
      advance()
      return scalar
    }
    guard take(UInt8(ascii: "u")) else { throw failure("unknown escape in a string") }
    let first = try parseHexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let second = try parseHexadecimal()
      if (0xDC00...0xDFFF).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      {
        return scalar
      }
    }
    throw failure("half of a surrogate pair stands in a string")
  }

  private mutating func parseHexadecimal() throws(DiagnosticsError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw failure("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      advance()
    }
    return value
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || (0x09...0x0A).contains(byte) || byte == 0x0D {
      advance()
    }
  }

  private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    advance()
    return true
  }

  private mutating func advance() {
    let byte = bytes[offset]
    offset += 1
    if byte == 0x0A {
      line += 1
      column = 1
    } else if offset >= bytes.count || bytes[offset] & 0xC0 != 0x80 {
      // A scalar's last byte.
      column += 1
    }
  }

  private var position: SourcePosition { SourcePosition(line: line, column: column) }

  private func node(_ kind: DocumentNode.Kind, from start: SourcePosition) -> DocumentNode {
    DocumentNode(kind, at: SourceRange(file: file, start: start, end: position))
  }

  private func failure(_ message: String) -> DiagnosticsError {
    let end = SourcePosition(line: line, column: column + 1)
    return DiagnosticsError(
      Diagnostic(
        DocumentRules.jsonSyntax, message,
        at: SourceRange(file: file, start: position, end: end)))
  }
}
