/// A word of the text form of graphs.
enum GraphToken: Equatable {
  /// Letters, digits and `_`.
  case word(String)
  /// A number as written.
  case number(String)
  /// A name after `@`.
  case name(String)
  /// A value `%0`.
  case value(Int)
  /// An operand of a chain, `$0`.
  case operand(Int)
  /// A step of a chain, `#0`.
  case step(Int)
  /// `digest:` and 16 hexadecimal digits.
  case digest(UInt64)
  /// What follows a `;`.
  case origin(Origin)
  /// One of `{ } [ ] ( ) : = ,`, or `++`.
  case punctuation(String)
  /// The end of a line.
  case newline
  /// The end of the text.
  case end

  /// The token as a message names it.
  var description: String {
    switch self {
    case .word(let text), .number(let text), .punctuation(let text): "'\(text)'"
    case .name(let name): "'@\(name)'"
    case .value(let index): "'%\(index)'"
    case .operand(let index): "'$\(index)'"
    case .step(let index): "'#\(index)'"
    case .digest: "a digest"
    case .origin: "';'"
    case .newline: "the end of the line"
    case .end: "the end of the text"
    }
  }
}

/// Splits the text form of graphs into tokens, one at a time.
struct GraphLexer {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var line = 1
  private var lineStart = 0

  /// A lexer at the beginning of a text.
  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// Whether a scalar may stand in a name or a path without quotes.
  static func isBare(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) || "-.[]/".unicodeScalars.contains(scalar)
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_": true
    default: false
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
    isDigit(scalar) || "eE.+-".unicodeScalars.contains(scalar)
  }

  /// An error at the place of the token that `next` reads then.
  func error(_ message: String) -> GraphTextError {
    GraphTextError(line: line, column: position - lineStart + 1, message: message)
  }

  /// Skips blanks; `error` and `next` then stand at the beginning of a token.
  mutating func skipBlanks() {
    while peek == " " || peek == "\t" || peek == "\r" { position += 1 }
  }

  /// Reads the token at the current place.
  mutating func next() throws(GraphTextError) -> GraphToken {
    skipBlanks()
    guard let scalar = peek else { return .end }
    switch scalar {
    case "\n":
      position += 1
      line += 1
      lineStart = position
      return .newline
    case "{", "}", "[", "]", "(", ")", ":", "=", ",":
      position += 1
      return .punctuation(String(scalar))
    case "+":
      guard position + 1 < scalars.count, scalars[position + 1] == "+" else {
        throw error("expected '++'")
      }
      position += 2
      return .punctuation("++")
    case "@":
      position += 1
      return .name(try bareOrQuoted())
    case "%":
      position += 1
      return .value(try index())
    case "$":
      position += 1
      return .operand(try index())
    case "#":
      position += 1
      return .step(try index())
    case ";":
      position += 1
      return .origin(try origin())
    case "0"..."9":
      return .number(take(while: Self.isNumber))
    case "-":
      position += 1
      return .number("-" + take(while: peek == "i" ? Self.isWord : Self.isNumber))
    case _ where Self.isWord(scalar):
      let word = take(while: Self.isWord)
      guard word == "digest", peek == ":" else { return .word(word) }
      position += 1
      return .digest(try digest())
    default:
      throw error("unexpected character U+\(String(scalar.value, radix: 16, uppercase: true))")
    }
  }

  private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func take(while matches: (Unicode.Scalar) -> Bool) -> String {
    var text = String.UnicodeScalarView()
    while let scalar = peek, matches(scalar) {
      text.append(scalar)
      position += 1
    }
    return String(text)
  }

  private mutating func index() throws(GraphTextError) -> Int {
    let digits = take(while: Self.isDigit)
    guard digits.utf8.count <= 9, let index = Int(digits) else { throw error("expected an index") }
    return index
  }

  private mutating func digest() throws(GraphTextError) -> UInt64 {
    let digits = take(while: Self.isWord)
    guard digits.utf8.count == 16, let digest = UInt64(digits, radix: 16) else {
      throw error("expected 16 hexadecimal digits")
    }
    return digest
  }

  private mutating func origin() throws(GraphTextError) -> Origin {
    skipBlanks()
    var origin = Origin(peek == "@" ? "" : try bareOrQuoted())
    if peek == "@" {
      position += 1
      origin.block = try index()
    }
    return origin
  }

  private mutating func bareOrQuoted() throws(GraphTextError) -> String {
    guard peek == "\"" else {
      let text = take(while: Self.isBare)
      if text.isEmpty { throw error("expected a name") }
      return text
    }
    position += 1
    var text = String.UnicodeScalarView()
    while let scalar = peek, scalar != "\n" {
      position += 1
      if scalar == "\"" { return String(text) }
      text.append(scalar == "\\" ? try escaped() : scalar)
    }
    throw error("expected '\"'")
  }

  private mutating func escaped() throws(GraphTextError) -> Unicode.Scalar {
    let escape = peek
    position += escape == nil ? 0 : 1
    switch escape {
    case "\"", "\\": return escape ?? "\\"
    case "u":
      guard peek == "{" else { throw error("expected '{'") }
      position += 1
      let digits = take(while: Self.isWord)
      guard peek == "}", let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value)
      else { throw error("expected the number of a character and '}'") }
      position += 1
      return scalar
    default:
      throw error("unknown escape")
    }
  }
}
