import Diagnostics

/// Reads the JSON of a safetensors header from front to back, accepting that grammar alone.
///
/// A header may have 100 MB and a million tensors and come from anywhere, so nothing is built
/// that the format does not have: no tree, no nesting, no numbers but non-negative integers.
struct HeaderScanner {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// A scanner at the start of a text.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Reads an object; `body` gets every key and must read its value.
  mutating func readObject(
    _ body: (String, inout HeaderScanner) throws(HeaderError) -> Void
  ) throws(HeaderError) {
    try expect(UInt8(ascii: "{"), "an object, '{'")
    if skip(UInt8(ascii: "}")) { return }
    repeat {
      let key = try readString("a key in quotes")
      try expect(UInt8(ascii: ":"), "':' after the key \(quoted(key))")
      try body(key, &self)
    } while skip(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"), "',' or '}'")
  }

  /// Reads a list of non-negative integers.
  mutating func readIntegers(maximumCount: Int) throws(HeaderError) -> [Int] {
    try expect(UInt8(ascii: "["), "a list, '['")
    if skip(UInt8(ascii: "]")) { return [] }
    var values: [Int] = []
    repeat {
      guard values.count < maximumCount else {
        throw HeaderError("a list at byte \(position) has more than \(maximumCount) numbers")
      }
      values.append(try readInteger())
    } while skip(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"), "',' or ']'")
    return values
  }

  /// Reads a string; `expected` says what it is for.
  mutating func readString(_ expected: String) throws(HeaderError) -> String {
    try expect(UInt8(ascii: "\""), expected)
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let text = try decode(start..<position)
        position += 1
        return text
      case UInt8(ascii: "\\"):
        return try readEscapedString(from: start)
      case 0..<0x20:
        throw HeaderError("a string has a control character at byte \(position)")
      default:
        position += 1
      }
    }
    throw HeaderError("the text ends inside a string")
  }

  /// Requires that nothing but white space is left.
  mutating func expectEnd() throws(HeaderError) {
    skipSpace()
    guard position == bytes.count else {
      throw HeaderError("there is more after the end of the object, at byte \(position)")
    }
  }

  private mutating func readInteger() throws(HeaderError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10
    {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(digit))
      if overflow || carry {
        throw HeaderError("a number at byte \(start) is too large")
      }
      value = sum
      position += 1
    }
    guard position > start else {
      throw HeaderError("expected a non-negative integer at byte \(start), found \(found)")
    }
    if position > start + 1, bytes[start] == UInt8(ascii: "0") {
      throw HeaderError("a number at byte \(start) has a leading zero")
    }
    return value
  }

  private mutating func readEscapedString(from start: Int) throws(HeaderError) -> String {
    var text = try decode(start..<position)
    var run = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        text += try decode(run..<position)
        position += 1
        return text
      case UInt8(ascii: "\\"):
        text += try decode(run..<position)
        position += 1
        text.unicodeScalars.append(try readEscape())
        run = position
      case 0..<0x20:
        throw HeaderError("a string has a control character at byte \(position)")
      default:
        position += 1
      }
    }
    throw HeaderError("the text ends inside a string")
  }

  private mutating func readEscape() throws(HeaderError) -> Unicode.Scalar {
    guard position < bytes.count else { throw HeaderError("the text ends inside a string") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try readUnicodeEscape()
    default: throw HeaderError("a string has an unknown escape at byte \(position - 2)")
    }
  }

  private mutating func readUnicodeEscape() throws(HeaderError) -> Unicode.Scalar {
    let first = try readHexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // Not a scalar: half of a surrogate pair, whose other half must follow.
    guard first < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw HeaderError("a string has half of a surrogate pair at byte \(position)") }
    position += 2
    let second = try readHexadecimal()
    guard 0xdc00..<0xe000 ~= second,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw HeaderError("a string has half of a surrogate pair at byte \(position)") }
    return scalar
  }

  private mutating func readHexadecimal() throws(HeaderError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue
      else { throw HeaderError("a string has a malformed \\u escape at byte \(position)") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private func decode(_ range: Range<Int>) throws(HeaderError) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw HeaderError("a string at byte \(range.lowerBound) is not UTF-8")
    }
    return text
  }

  private mutating func expect(
    _ byte: UInt8, _ expected: @autoclosure () -> String
  ) throws(HeaderError) {
    guard skip(byte) else {
      throw HeaderError("expected \(expected()) at byte \(position), found \(found)")
    }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  private var found: String {
    guard position < bytes.count else { return "the end of the header" }
    let byte = bytes[position]
    return 0x21..<0x7f ~= byte ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
  }
}
