extension WeightLayout {
  /// The layout that an embedded document describes.
  ///
  /// Reads the part of YAML that layouts are written in: mappings and lists indented by two
  /// spaces, plain and double-quoted scalars without escapes.
  ///
  /// - Precondition: The text is a layout; it is part of the program.
  init(yaml text: String) {
    name = ""
    summary = ""
    ignored = []
    entries = []
    var section = ""
    for line in text.split(separator: "\n") {
      let content = line.drop { $0 == " " }
      if content.isEmpty || content.first == "#" { continue }
      let indent = line.count - content.count
      if content.hasPrefix("- ") {
        precondition(section == "ignore", "a list belongs to ignore: \(line)")
        ignored.append(NamePattern(Self.scalar(content.dropFirst(2))))
        continue
      }
      let (key, value) = Self.pair(content)
      switch (indent, section, key) {
      case (0, _, "layout"): name = value
      case (0, _, "summary"): summary = value
      case (0, _, "ignore"), (0, _, "tensors"): section = key
      case (2, "tensors", _):
        entries.append(Entry(parameter: Self.template(key), tensor: Self.template(value)))
      case (4, "tensors", "from"): entries[entries.count - 1].tensor = Self.template(value)
      case (4, "tensors", "reshape"):
        precondition(value == "merge", "unknown reshape: \(line)")
        entries[entries.count - 1].mergesAxes = true
      case (4, "tensors", "copies"): precondition(value == "equal", "unknown copies: \(line)")
      case (4, "tensors", "unequal_help"): entries[entries.count - 1].unequalHelp = value
      default: preconditionFailure("unknown key: \(line)")
      }
    }
  }

  private static func pair(_ content: Substring) -> (key: String, value: String) {
    guard let colon = content.firstRange(of: ":") else {
      preconditionFailure("a key without colon: \(content)")
    }
    // A colon inside quotes would belong to the key; layouts have none there.
    let value = content[colon.upperBound...].drop { $0 == " " }
    return (scalar(content[..<colon.lowerBound]), scalar(value))
  }

  private static func scalar(_ text: Substring) -> String {
    text.count > 1 && text.first == "\"" && text.last == "\""
      ? String(text.dropFirst().dropLast()) : String(text)
  }

  private static func template(_ text: String) -> NameTemplate {
    guard let template = NameTemplate(text) else {
      preconditionFailure("unknown placeholder: \(text)")
    }
    return template
  }
}
