/// A name from a file, in backquotes, fit for a message: short, on one line, without control codes.
package func quoted(_ name: String) -> String {
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
