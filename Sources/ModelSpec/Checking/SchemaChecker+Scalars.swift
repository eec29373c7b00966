import Diagnostics
import Documents

extension SchemaChecker {
  /// Checks a scalar; what does not fit is reported and invalid.
  mutating func checkScalar(
    _ text: String, _ style: DocumentNode.Style, _ schema: ValueSchema, at range: SourceRange,
    path: String
  ) -> CheckedValue.Content {
    var name: String { lastName(path) }
    switch schema {
    case .integer(let limits):
      switch integerForm(text, style) {
      case .value(let value) where limits.contains(value): return .integer(value)
      case .value, .overflow:
        report(
          SpecRules.range, "`\(name)` is \(text), expected \(schema.expectation)", at: range,
          path: path)
      case .malformed(let decimal):
        reportNumber(text, style, schema, decimal: decimal, at: range, path: path)
      }
    case .number(let limits):
      switch decimalForm(text, style) {
      case .value(let value) where limits.contains(value): return .number(value)
      case .value, .overflow:
        report(
          SpecRules.range, "`\(name)` is \(text), expected \(schema.expectation)", at: range,
          path: path)
      case .malformed(let decimal):
        reportNumber(text, style, schema, decimal: decimal, at: range, path: path)
      }
    case .quantity(let unit):
      switch quantityForm(text, unit) {
      case .value(let value): return .integer(value)
      case .overflow:
        report(
          SpecRules.range, "`\(name)` is \(text), more than 10^18", at: range, path: path)
      case .malformed(let decimal):
        reportNumber(text, style, schema, decimal: decimal, at: range, path: path)
      }
    case .boolean:
      if style == .plain, text == "true" || text == "false" { return .boolean(text == "true") }
      let meaning = ["yes": "true", "on": "true", "no": "false", "off": "false"]
      let match = nearestMatch(to: text, among: ["true", "false"])
      let suggestion = meaning[text.lowercased()] ?? match?.name
      report(
        SpecRules.type, "`\(name)` is `\(text)`, expected `true` or `false`",
        help: suggestion.map { "write `\($0)`" }, at: range, path: path, suggestion: suggestion,
        isSafe: suggestion != match?.name || match?.isClear == true)
    case .choice(let choices):
      if choices.contains(where: { $0.name == text }) { return .text(text) }
      let match = nearestMatch(to: text, among: choices.map(\.name))
      let nearest = match?.name
      report(
        SpecRules.choice,
        "`\(text)` is no choice for `\(name)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
        help: "choose \(listed(choices.map(\.name)))", at: range, path: path, suggestion: nearest,
        isSafe: match?.isClear == true)
    case .text(let form):
      if let problem = form.problem(with: text) {
        report(SpecRules.text, "`\(name)` \(problem)", at: range, path: path)
      } else {
        return .text(text)
      }
    case .list, .numbers, .dictionary, .mapping, .optional, .anyOf: break
    }
    return .invalid
  }
}

extension TextForm {
  /// What is wrong with a text of this form, to follow its name; nil when nothing is.
  fileprivate func problem(with text: String) -> String? {
    if text.isEmpty { return "is empty" }
    if text.utf8.count > 4096 { return "is longer than 4096 bytes" }
    switch self {
    case .any: return nil
    case .identifier:
      let isValid = text.utf8.allSatisfy { byte in
        Character(Unicode.Scalar(byte)).isASCIIAlphanumeric || "._-".utf8.contains(byte)
      }
      let first = text.unicodeScalars.first.map(Character.init)
      return isValid && first?.isASCIIAlphanumeric == true && text.utf8.count <= 200
        ? nil : "is not a name: use letters, digits, `.`, `_` and `-`, at most 200"
    case .path:
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      if text.hasPrefix("/") { return "is an absolute path; write it relative to the spec" }
      if parts.contains("..") { return "leads out of the spec's folder" }
      return text.utf8.contains(0) ? "holds a zero byte" : nil
    }
  }
}

extension Character {
  fileprivate var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}
