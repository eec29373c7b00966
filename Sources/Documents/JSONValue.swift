/// A JSON value to be written: objects keep their order.
package enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  /// Written with the fewest digits that read back as the same `Double`; not finite: null.
  case number(Double)
  /// Written with the fewest digits that read back as the same `Float`; not finite: null.
  case float(Float)
  case string(String)
  case array([JSONValue])
  case object([(key: String, value: JSONValue)])

  /// An object of the entries whose value is not nil.
  package static func object(compact entries: [(key: String, value: JSONValue?)]) -> JSONValue {
    .object(entries.compactMap { entry in entry.value.map { (entry.key, $0) } })
  }

  /// Compares content; an object's order counts.
  package static func == (left: JSONValue, right: JSONValue) -> Bool {
    left.text(pretty: false) == right.text(pretty: false)
  }

  /// Hashes the compact text.
  package func hash(into hasher: inout Hasher) { hasher.combine(text(pretty: false)) }
}

extension JSONValue {
  /// The value as JSON text, the same bytes on every machine.
  ///
  /// - Parameter pretty: Whether objects and arrays of arrays and objects take a line per
  ///   element, indented by two spaces; arrays of scalars stay on one line.
  package func text(pretty: Bool = true) -> String {
    var output = ""
    write(to: &output, indent: pretty ? 0 : nil)
    return output
  }

  private func write(to output: inout String, indent: Int?) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += String(value)
    case .number(let value): output += shortestDecimal(value) ?? "null"
    case .float(let value): output += shortestDecimal(value) ?? "null"
    case .string(let value): writeString(value, to: &output)
    case .array(let elements):
      let inner = elements.contains(where: \.isCollection) ? indent : nil
      writeList(elements, "[", "]", to: &output, indent: inner) { element, output, indent in
        element.write(to: &output, indent: indent)
      }
    case .object(let entries):
      writeList(entries, "{", "}", to: &output, indent: indent) { entry, output, indent in
        writeString(entry.key, to: &output)
        output += indent == nil ? ":" : ": "
        entry.value.write(to: &output, indent: indent)
      }
    }
  }

  private var isCollection: Bool {
    switch self {
    case .array, .object: true
    case .null, .bool, .integer, .number, .float, .string: false
    }
  }

  private func writeList<Element>(
    _ elements: [Element], _ open: String, _ close: String, to output: inout String,
    indent: Int?, _ write: (Element, inout String, Int?) -> Void
  ) {
    output += open
    for (index, element) in elements.enumerated() {
      if index > 0 { output += "," }
      if let indent {
        output += "\n" + String(repeating: " ", count: indent + 2)
      }
      write(element, &output, indent.map { $0 + 2 })
    }
    if let indent, !elements.isEmpty { output += "\n" + String(repeating: " ", count: indent) }
    output += close
  }

  private func writeString(_ text: String, to output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}

/// A finite number in the fewest decimal digits that read back as the same value; nil for others.
///
/// Whole numbers below 10^15 carry no fraction, exponents no plus sign and no leading zero: `3`,
/// `0.5`, `1e-6`.
package func shortestDecimal<Number: BinaryFloatingPoint & LosslessStringConvertible>(
  _ value: Number
) -> String? {
  guard value.isFinite else { return nil }
  if value == value.rounded(.towardZero), value.magnitude < 1e15 {
    // Minus zero is written as zero.
    return String(Int64(value))
  }
  var text = value.description
  if let exponent = text.lastIndex(of: "e") {
    let digits = text[text.index(after: exponent)...]
    let power = Int(digits) ?? 0
    var mantissa = String(text[..<exponent])
    if mantissa.hasSuffix(".0") { mantissa.removeLast(2) }
    text = "\(mantissa)e\(power)"
  }
  return text
}
