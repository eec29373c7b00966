/// A tensor name with placeholders, as in `blocks.{block}.attention.query.{kind}`.
struct NameTemplate: Sendable, Hashable {
  /// What a placeholder stands for.
  enum Placeholder: String, Sendable, Hashable, CaseIterable {
    /// A decimal number without leading zeros: the block of a stack.
    case block
    /// A decimal number without leading zeros, as the next two.
    case level
    case layer
    case index
    /// `weight` or `bias`.
    case kind
    /// `encoder` or `decoder`.
    case part
    /// Everything that is left, at least one character.
    case name
  }

  /// What the placeholders of a name stand for.
  typealias Bindings = [Placeholder: Substring]

  private enum Piece: Sendable, Hashable {
    case literal(String)
    case placeholder(Placeholder)
  }

  private let pieces: [Piece]

  /// The template a text spells, or nil when a placeholder is unknown or unclosed.
  init?(_ text: String) {
    var pieces: [Piece] = []
    var rest = text[...]
    while let brace = rest.firstIndex(of: "{") {
      guard let end = rest[brace...].firstIndex(of: "}"),
        let placeholder = Placeholder(rawValue: String(rest[rest.index(after: brace)..<end]))
      else { return nil }
      if brace > rest.startIndex { pieces.append(.literal(String(rest[..<brace]))) }
      pieces.append(.placeholder(placeholder))
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { pieces.append(.literal(String(rest))) }
    self.pieces = pieces
  }

  /// The placeholders, in order.
  var placeholders: [Placeholder] {
    pieces.compactMap { piece in
      switch piece {
      case .literal: nil
      case .placeholder(let placeholder): placeholder
      }
    }
  }

  /// What the placeholders stand for in a name, or nil when the name does not match.
  func match(_ name: String) -> Bindings? {
    var bindings: Bindings = [:]
    var rest = name[...]
    for piece in pieces {
      switch piece {
      case .literal(let text):
        guard rest.hasPrefix(text) else { return nil }
        rest = rest.dropFirst(text.count)
      case .placeholder(let placeholder):
        guard let value = placeholder.prefix(of: rest) else { return nil }
        bindings[placeholder] = value
        rest = rest[value.endIndex...]
      }
    }
    return rest.isEmpty ? bindings : nil
  }

  /// The name with the placeholders replaced; those without a binding stay as they are.
  func substitute(_ bindings: Bindings) -> String {
    var result = ""
    for piece in pieces {
      switch piece {
      case .literal(let text): result += text
      case .placeholder(let placeholder):
        result += bindings[placeholder] ?? "{\(placeholder.rawValue)}"
      }
    }
    return result
  }
}

extension NameTemplate.Placeholder {
  fileprivate func prefix(of text: Substring) -> Substring? {
    switch self {
    case .block, .level, .layer, .index:
      let digits = text.prefix { ("0"..."9").contains($0) }
      return digits.isEmpty || (digits.count > 1 && digits.first == "0") ? nil : digits
    case .kind:
      for kind in ["weight", "bias"] where text.hasPrefix(kind) { return text.prefix(kind.count) }
      return nil
    case .part:
      for part in ["encoder", "decoder"] where text.hasPrefix(part) {
        return text.prefix(part.count)
      }
      return nil
    case .name:
      return text.isEmpty ? nil : text
    }
  }
}

/// A name with `*` for any text, as in `*.position_ids`.
struct NamePattern: Sendable, Hashable {
  private let parts: [String]

  /// A pattern.
  init(_ text: String) {
    parts = text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
  }

  /// Whether a name is one that the pattern describes.
  func matches(_ name: String) -> Bool {
    guard let first = parts.first, name.hasPrefix(first) else { return false }
    if parts.count == 1 { return name == first }
    var rest = name.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(parts.last ?? "")
  }
}
