/// A YAML value to be written.
package indirect enum YAMLValue: Sendable {
  /// A word or a number that reads back as it is written.
  case plain(String)
  /// Any text; quoted where it would read back as something else.
  case text(String)
  case sequence([YAMLValue])
  /// Keys in order.
  case mapping([(key: String, value: YAMLValue)])

  /// A whole number.
  package static func integer(_ value: Int) -> YAMLValue { .plain(String(value)) }

  /// A number in the fewest digits that read back as the same `Double`.
  ///
  /// - Precondition: `value` is finite.
  package static func number(_ value: Double) -> YAMLValue {
    .plain(shortestDecimal(value) ?? "0")
  }

  /// A number in the fewest digits that read back as the same `Float`.
  ///
  /// - Precondition: `value` is finite.
  package static func number(_ value: Float) -> YAMLValue { .plain(shortestDecimal(value) ?? "0") }

  /// `true` or `false`.
  package static func bool(_ value: Bool) -> YAMLValue { .plain(value ? "true" : "false") }
}

extension YAMLValue {
  /// The value as YAML: block style, but what fits on a line and holds few values in flow style.
  ///
  /// The same bytes on every machine; ends with a line feed.
  package var document: String {
    var output = ""
    writeBlock(to: &output, indent: 0)
    return output
  }

  private static let lineWidth = 100

  private func writeBlock(to output: inout String, indent: Int) {
    let spaces = String(repeating: " ", count: indent)
    switch self {
    case .plain, .text: output += spaces + flow + "\n"
    case .sequence(let elements):
      if elements.isEmpty { output += spaces + "[]\n" }
      for element in elements {
        let line = spaces + "- " + element.flow
        if element.fitsFlow(prefixWidth: indent + 2) {
          output += line + "\n"
        } else {
          var block = ""
          element.writeBlock(to: &block, indent: indent + 2)
          output += spaces + "- " + block.dropFirst(indent + 2)
        }
      }
    case .mapping(let entries):
      if entries.isEmpty { output += spaces + "{}\n" }
      for (key, value) in entries {
        let head = spaces + Self.key(key) + ":"
        if value.fitsFlow(prefixWidth: head.count + 1), indent > 0 || !value.isLongMapping {
          output += head + " " + value.flow + "\n"
        } else {
          output += head + "\n"
          value.writeBlock(to: &output, indent: indent + 2)
        }
      }
    }
  }

  /// Whether a mapping reads better over several lines at the top level.
  private var isLongMapping: Bool {
    if case .mapping(let entries) = self {
      return entries.count > 4 || entries.contains { !$0.value.isScalarOrFlat }
    }
    return false
  }

  private var isScalarOrFlat: Bool {
    switch self {
    case .plain, .text: true
    case .sequence(let elements):
      elements.allSatisfy {
        switch $0 {
        case .plain, .text: true
        case .sequence, .mapping: false
        }
      }
    case .mapping: false
    }
  }

  private func fitsFlow(prefixWidth: Int) -> Bool {
    switch self {
    case .plain, .text: true
    case .sequence, .mapping: prefixWidth + flow.count <= Self.lineWidth
    }
  }

  /// The value in flow style, on one line.
  package var flow: String {
    switch self {
    case .plain(let text): text
    case .text(let text): Self.quoted(text)
    case .sequence(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{" + entries.map { Self.key($0.key) + ": " + $0.value.flow }.joined(separator: ", ") + "}"
    }
  }

  /// A text as a key, which is a string whatever it looks like: digits stay as they are.
  private static func key(_ text: String) -> String {
    let isNumber = !text.isEmpty && text.utf8.allSatisfy { isDigit($0) }
    return isNumber ? text : quoted(text)
  }

  /// A text as a scalar: plain where it is a simple word that nobody reads as something else.
  private static func quoted(_ text: String) -> String {
    let isSimple =
      text.utf8.first.map { isLetter($0) } ?? false
      && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_./ ".utf8.contains($0) }
      && text.utf8.last != UInt8(ascii: " ")
    return isSimple && !reserved.contains(text.lowercased())
      ? text : JSONValue.string(text).text(pretty: false)
  }

  private static let reserved: Set = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf",
  ]

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
