import Diagnostics
import Documents

extension DocumentNode {
  /// The place to point at: the value, or its key where the value stands on lines of its own.
  func place(underKey key: SourceRange) -> SourceRange {
    let range = range
    if range.start.line != range.end.line { return key }
    return text == nil && range.start.line != key.start.line ? key : range
  }

  /// The tree with what an inherited tree adds, and with names spelled out as the mappings that
  /// they stand for.
  ///
  /// Key by key, where both are mappings of the same kind; otherwise the tree's own value stays.
  ///
  /// - Parameters:
  ///   - base: The inherited tree.
  ///   - place: The place that inherited nodes get.
  func merged(
    over base: DocumentNode?, _ schema: MappingSchema, place: SourceRange
  ) -> DocumentNode {
    let node = spelledOut(schema)
    guard case .mapping(var entries) = node.kind else { return node }
    let inherited = base.flatMap { node.isOfKind(of: $0, schema) ? $0.entries : nil } ?? []
    for index in entries.indices {
      let name = entries[index].key.text ?? ""
      guard let value = schema.key(named: name)?.value else { continue }
      let inner = entries[index].value
      entries[index].value = inner.merged(
        over: inherited.first { $0.key.isText(name) }?.value, value,
        place: inner.place(underKey: entries[index].key.range))
    }
    let written = Set(entries.compactMap(\.key.text))
    for entry in inherited {
      let name = entry.key.text ?? ""
      let isContradicted = schema.exclusive.contains {
        ($0.first == name && written.contains($0.second))
          || ($0.second == name && written.contains($0.first))
      }
      if !written.contains(name), !isContradicted, !["ditharos", "name", "preset"].contains(name) {
        entries.append(
          Entry(key: entry.key.inherited(at: place), value: entry.value.inherited(at: place)))
      }
    }
    var result = node
    result.kind = .mapping(entries)
    return result
  }

  private func merged(
    over base: DocumentNode?, _ schema: ValueSchema, place: SourceRange
  ) -> DocumentNode {
    if case .optional = schema, text == "none" { return self }
    if let mapping = schema.mappingSchema { return merged(over: base, mapping, place: place) }
    if case .list(let element, _) = schema, let elements {
      var result = self
      result.kind = .sequence(elements.map { $0.merged(over: nil, element, place: $0.range) })
      return result
    }
    return self
  }

  /// The mapping that a name stands for; any other node as it is.
  private func spelledOut(_ schema: MappingSchema) -> DocumentNode {
    guard schema.acceptsName, let name = schema.discriminator, case .scalar(let text, _) = kind,
      !["", "~", "null"].contains(text)
    else { return self }
    var result = self
    var key = self
    key.kind = .scalar(name, .plain)
    result.kind = .mapping([Entry(key: key, value: self)])
    return result
  }

  private func isOfKind(of base: DocumentNode, _ schema: MappingSchema) -> Bool {
    guard let name = schema.discriminator, let kind = self[name]?.text else { return true }
    return kind == base[name]?.text
  }

  private func inherited(at place: SourceRange) -> DocumentNode {
    var node = DocumentNode(.scalar("", .plain), at: place)
    node.isInherited = true
    switch kind {
    case .scalar: node.kind = kind
    case .sequence(let elements):
      node.kind = .sequence(elements.map { $0.inherited(at: place) })
    case .mapping(let entries):
      node.kind = .mapping(
        entries.map {
          Entry(key: $0.key.inherited(at: place), value: $0.value.inherited(at: place))
        })
    }
    return node
  }
}
