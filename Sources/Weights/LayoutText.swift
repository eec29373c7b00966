import Documents

extension WeightLayout {
  /// The layout that an embedded document describes.
  ///
  /// - Precondition: The text is a layout; it is part of the program.
  init(yaml text: String) {
    let document = parseYAML(text, file: "layout")
    guard document.diagnostics.isEmpty, let root = document.root,
      let name = root["layout"]?.text, let summary = root["summary"]?.text,
      let tensors = root["tensors"]?.entries
    else { preconditionFailure("malformed layout: \(document.diagnostics)") }
    self.name = name
    self.summary = summary
    ignored = (root["ignore"]?.elements ?? []).compactMap(\.text).map { NamePattern($0) }
    entries = tensors.map { Self.entry($0.key, $0.value) }
  }

  private static func entry(_ key: DocumentNode, _ value: DocumentNode) -> Entry {
    let parameter = template(key)
    guard let options = value.entries else {
      return Entry(parameter: parameter, tensor: template(value))
    }
    var entry = Entry(parameter: parameter, tensor: template(value["from"]))
    for option in options {
      switch (option.key.text, option.value.text) {
      case ("from", _): break
      case ("reshape", "merge"): entry.mergesAxes = true
      case ("copies", "equal"): entry.unequalHelp = entry.unequalHelp ?? ""
      case ("unequal_help", let help): entry.unequalHelp = help
      case (let key, let value):
        preconditionFailure("unknown option \(key ?? "") \(value ?? "")")
      }
    }
    return entry
  }

  private static func template(_ node: DocumentNode?) -> NameTemplate {
    guard let text = node?.text, let template = NameTemplate(text) else {
      preconditionFailure("malformed name: \(node?.text ?? "")")
    }
    return template
  }
}
