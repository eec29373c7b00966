import Documents

extension WeightLayout {
  /// The layout that an embedded document describes.
  ///
  /// - Precondition: The text is a layout; it is part of the program.
  package init(yaml text: String) {
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
      return Entry(parameter: parameter, tensors: [template(value)])
    }
    let sources = value["from"]?.elements?.map { template($0) } ?? [template(value["from"])]
    var entry = Entry(parameter: parameter, tensors: sources)
    for option in options {
      switch (option.key.text, option.value.text) {
      case ("from", _): break
      case ("formerly", _): entry.formerTensor = template(option.value)
      case ("component", let name?): entry.component = name
      case ("part", let text?): entry.part = part(text)
      case ("swap", "halves"): entry.swapsHalves = true
      case ("reshape", "merge"): entry.mergesAxes = true
      case ("reshape", "transpose"): entry.isTransposed = true
      case ("copies", "equal"): entry.unequalHelp = entry.unequalHelp ?? ""
      case ("unequal_help", let help): entry.unequalHelp = help
      case (let key, let value):
        preconditionFailure("unknown option \(key ?? "") \(value ?? "")")
      }
    }
    return entry
  }

  /// A part as in `1 of 3`, counted from 1.
  private static func part(_ text: String) -> TensorPart {
    let words = text.split(separator: " ")
    guard words.count == 3, words[1] == "of", let number = Int(words[0]),
      let count = Int(words[2]), 1...count ~= number
    else { preconditionFailure("malformed part: \(text)") }
    return TensorPart(index: number - 1, count: count)
  }

  private static func template(_ node: DocumentNode?) -> NameTemplate {
    guard let text = node?.text, let template = NameTemplate(text) else {
      preconditionFailure("malformed name: \(node?.text ?? "")")
    }
    return template
  }
}
