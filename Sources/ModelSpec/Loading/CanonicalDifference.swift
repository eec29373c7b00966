import Documents

/// One place where two canonical specs differ.
package struct SpecChange: Sendable {
  /// The canonical path, as in `blocks[0].sublayers[1].hidden`; indices are those of the spec that
  /// has the value, of the newer one where both have it.
  package var path: String
  /// The value before; nil where there was none.
  package var old: YAMLValue?
  /// The value after; nil where there is none.
  package var new: YAMLValue?
}

extension ModelSpec {
  /// What another spec changes, in the order of the canonical form.
  ///
  /// What is written in two ways counts as one: neighbouring groups of equal blocks are one group,
  /// sections without a key are none, and weights are in the default layout.
  package func changes(to new: ModelSpec) -> [SpecChange] {
    var changes: [SpecChange] = []
    compare(
      normalized.canonicalValue.comparable, new.normalized.canonicalValue.comparable, at: "",
      &changes)
    return changes
  }

  private var normalized: ModelSpec {
    var spec = self
    var groups: [BlockGroup] = []
    for group in denoiser?.blocks ?? [] {
      if let last = groups.last, last.sublayers == group.sublayers {
        groups[groups.count - 1].repeatCount += group.repeatCount
      } else {
        groups.append(group)
      }
    }
    spec.denoiser?.blocks = groups
    if weights == nil { spec.weights = WeightsReference(layout: "ditharos", file: nil) }
    if limits == Limits(peakMemory: nil, parameters: nil, macsPerStep: nil) { spec.limits = nil }
    if example == Example() { spec.example = nil }
    return spec
  }
}

extension YAMLValue {
  /// The value as JSON.
  package var json: JSONValue {
    switch self {
    case .plain(let text):
      if let integer = Int(text) { return .integer(integer) }
      if let number = Double(text) { return .number(number) }
      return text == "true" || text == "false" ? .bool(text == "true") : .string(text)
    case .text(let text): return .string(text)
    case .sequence(let elements): return .array(elements.map(\.json))
    case .mapping(let entries): return .object(entries.map { ($0.key, $0.value.json) })
    }
  }

  /// The value of a canonical spec without the version of the language and the preset, which are
  /// no choices of its author.
  fileprivate var comparable: YAMLValue {
    guard case .mapping(let entries) = self else { return self }
    return .mapping(entries.filter { $0.key != "ditharos" && $0.key != "preset" })
  }

  /// The name under which an element of a sequence is found again.
  fileprivate var name: String? {
    guard case .mapping(let entries) = self else { return nil }
    return entries.first { $0.key == "name" }.map(\.value.flow)
  }
}

private func compare(
  _ old: YAMLValue, _ new: YAMLValue, at path: String, _ changes: inout [SpecChange]
) {
  switch (old, new) {
  case (.mapping(let oldEntries), .mapping(let newEntries)):
    compare(oldEntries, newEntries, at: path, &changes)
  case (.sequence(let oldElements), .sequence(let newElements))
  where (oldElements + newElements).allSatisfy(\.isMapping):
    compare(oldElements, newElements, at: path, &changes)
  default:
    if old.flow != new.flow { changes.append(SpecChange(path: path, old: old, new: new)) }
  }
}

private func compare(
  _ old: [(key: String, value: YAMLValue)], _ new: [(key: String, value: YAMLValue)],
  at path: String, _ changes: inout [SpecChange]
) {
  func inner(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  var values: [String: YAMLValue] = [:]
  for (key, value) in new { values[key] = value }
  let oldKeys = Set(old.map(\.key))
  var added = new[...]
  /// Reports the added keys up to one that both have.
  func reportAdded(until key: String?, _ changes: inout [SpecChange]) {
    while let entry = added.first, entry.key != key {
      added.removeFirst()
      if !oldKeys.contains(entry.key) {
        changes.append(SpecChange(path: inner(entry.key), old: nil, new: entry.value))
      }
    }
  }
  for (key, value) in old {
    guard let other = values[key] else {
      changes.append(SpecChange(path: inner(key), old: value, new: nil))
      continue
    }
    if added.contains(where: { $0.key == key }) { reportAdded(until: key, &changes) }
    compare(value, other, at: inner(key), &changes)
  }
  reportAdded(until: nil, &changes)
}

/// Compares sequences of mappings: elements with names by name, others by index.
private func compare(
  _ old: [YAMLValue], _ new: [YAMLValue], at path: String, _ changes: inout [SpecChange]
) {
  func keys(_ elements: [YAMLValue]) -> [String] {
    elements.enumerated().map { $0.element.name ?? "[\($0.offset)]" }
  }
  let (oldKeys, newKeys) = (keys(old), keys(new))
  let (oldSet, newSet) = (Set(oldKeys), Set(newKeys))
  for (index, key) in oldKeys.enumerated() where !newSet.contains(key) {
    changes.append(SpecChange(path: "\(path)[\(index)]", old: old[index], new: nil))
  }
  for (index, key) in newKeys.enumerated() {
    if let before = oldKeys.firstIndex(of: key) {
      compare(old[before], new[index], at: "\(path)[\(index)]", &changes)
    } else {
      changes.append(SpecChange(path: "\(path)[\(index)]", old: nil, new: new[index]))
    }
  }
  let (oldOrder, newOrder) = (
    oldKeys.filter(newSet.contains), newKeys.filter(oldSet.contains)
  )
  if oldOrder != newOrder {
    changes.append(
      SpecChange(
        path: path, old: .sequence(oldOrder.map(YAMLValue.plain)),
        new: .sequence(newOrder.map(YAMLValue.plain))))
  }
}

extension YAMLValue {
  fileprivate var isMapping: Bool {
    if case .mapping = self { true } else { false }
  }
}
