import Diagnostics
import Documents

/// What a plain scalar is as a number.
enum NumberForm<Value: Sendable>: Sendable {
  case value(Value)
  /// In the right form, but more than the type holds.
  case overflow
  /// Not in the right form; where it has a meaning, what to write.
  case malformed(decimal: String?)
}

/// Reads a whole number: decimal digits without leading zeros, with a minus sign where negative.
func integerForm(_ text: String, _ style: DocumentNode.Style) -> NumberForm<Int> {
  if style == .plain, isDecimalInteger(text) {
    return Int(text).map(NumberForm.value) ?? .overflow
  }
  return .malformed(decimal: wholeNumber(text).map(String.init))
}

/// Reads a finite number: decimal digits with an optional fraction and exponent.
func decimalForm(_ text: String, _ style: DocumentNode.Style) -> NumberForm<Double> {
  if style == .plain, isDecimalNumber(text) {
    guard let value = Double(text), value.isFinite else { return .overflow }
    return .value(value)
  }
  if let whole = wholeNumber(text) { return .malformed(decimal: String(whole)) }
  let digits = text.filter { $0 != "_" }
  let trimmed = digits.hasPrefix("+") ? String(digits.dropFirst()) : digits
  // `Double` also reads hexadecimal and the names of what is not finite.
  let isDecimal = trimmed.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
  guard isDecimal, let value = Double(trimmed), let decimal = shortestDecimal(value) else {
    return .malformed(decimal: nil)
  }
  return .malformed(decimal: decimal)
}

/// Whether readers of YAML differ about a number: `010` is 8 in version 1.1 and 10 in version 1.2.
func hasTwoReadings(_ text: String) -> Bool {
  let digits = text.drop { $0 == "-" || $0 == "+" }.filter { $0 != "_" }
  let significant = digits.drop { $0 == "0" }
  return digits.hasPrefix("0") && significant.count > 1
    && significant.allSatisfy { ("0"..."7").contains($0) }
}

private func isDecimalInteger(_ text: String) -> Bool {
  let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
  guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else { return false }
  return digits.utf8.count == 1 || digits.utf8.first != UInt8(ascii: "0")
}

private func isDecimalNumber(_ text: String) -> Bool {
  let parts = text.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
  guard let mantissa = parts.first, parts.count <= 2 else { return false }
  if parts.count == 2 {
    let exponent = parts[1]
    let digits = exponent.first == "-" || exponent.first == "+" ? exponent.dropFirst() : exponent
    guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else { return false }
  }
  let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
  guard let whole = halves.first, halves.count <= 2, isDecimalInteger(String(whole)) else {
    return false
  }
  return halves.count == 1 || (!halves[1].isEmpty && halves[1].utf8.allSatisfy(isDigit))
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

/// The whole number that other notations mean: `0o6`, `0x6`, `0b110`, `06`, `1_000`, `6.0`, `1e3`,
/// `+6`; nil when there is none below 10^15.
private func wholeNumber(_ text: String) -> Int? {
  guard !text.isEmpty, text.utf8.count <= 40 else { return nil }
  var digits = text.filter { $0 != "_" }[...]
  let isNegative = digits.hasPrefix("-")
  if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
  guard let first = digits.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else {
    return nil
  }
  let magnitude: Int?
  switch digits.prefix(2).lowercased() {
  case "0x": magnitude = Int(digits.dropFirst(2), radix: 16)
  case "0o": magnitude = Int(digits.dropFirst(2), radix: 8)
  case "0b": magnitude = Int(digits.dropFirst(2), radix: 2)
  default: magnitude = Double(digits).flatMap(Int.init(exactly:))
  }
  guard let magnitude, magnitude >= 0, magnitude < 1_000_000_000_000_000 else { return nil }
  return isNegative ? -magnitude : magnitude
}

/// Reads a whole number with a unit: `512MiB`, `40M`, `1.5G`.
func quantityForm(_ text: String, _ unit: QuantityUnit) -> NumberForm<Int> {
  let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  let suffix = text.dropFirst(number.count).drop { $0 == " " }
  guard isDecimalNumber(String(number)), let value = Double(number) else {
    return .malformed(decimal: nil)
  }
  var factor = 1
  if !suffix.isEmpty {
    guard let match = unit.factors.first(where: { $0.name == suffix }) else {
      let near = unit.factors.first { $0.name.lowercased() == suffix.lowercased() }
      return .malformed(decimal: near.map { number + $0.name })
    }
    factor = match.factor
  }
  let product = value * Double(factor)
  guard product < 1e18 else { return .overflow }
  guard product == product.rounded() else { return .malformed(decimal: nil) }
  return .value(Int(product))
}
