/// A name from a file, in backquotes, fit for a message: short, on one line, without control codes.
func quoted(_ name: String) -> String {
  var text = ""
  for scalar in name.unicodeScalars.prefix(120) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned,
      .surrogate:
      text += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      text.unicodeScalars.append(scalar)
    }
  }
  if name.unicodeScalars.dropFirst(120).first != nil { text += "..." }
  return "`\(text)`"
}

/// At most three names, and how many more there are.
func abbreviated(_ names: [String]) -> String {
  let shown = names.prefix(3).map(quoted).joined(separator: ", ")
  return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
}

/// A count and its noun, as in `1 tensor` or `12 tensors`.
func counted(_ count: Int, _ noun: String) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
}
