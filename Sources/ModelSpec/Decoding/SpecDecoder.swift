import Diagnostics

/// Makes a `ModelSpec` of a checked tree.
///
/// Where a value is invalid another stands in, and its canonical path is remembered, so that
/// rules about it stay silent.
struct SpecDecoder {
  var diagnostics: [Diagnostic] = []
  var locations: SpecLocations
  /// The canonical paths whose values are stand-ins.
  private(set) var invalid: Set<String> = []
  /// The paths around those of `invalid`.
  private var aroundInvalid: Set<String> = []

  init(root: SourceRange) { locations = SpecLocations(root: root) }

  /// Remembers that the value of a canonical path is a stand-in.
  mutating func markInvalid(_ path: String) {
    guard invalid.insert(path).inserted else { return }
    var path = path[...]
    while let outer = path.outerPath {
      aroundInvalid.insert(String(outer))
      path = outer
    }
  }

  /// Whether nothing at a canonical path, within it or around it was reported.
  func isValid(_ path: String) -> Bool {
    if invalid.isEmpty { return true }
    if aroundInvalid.contains(path) { return false }
    var path: Substring? = path[...]
    while let inner = path {
      if invalid.contains(String(inner)) { return false }
      path = inner.outerPath
    }
    return true
  }

  /// The content of a key, its place recorded; nil when it is left out or invalid.
  mutating func content(
    _ mapping: CheckedMapping, _ key: String, at path: String
  ) -> CheckedValue.Content? {
    guard let value = mapping[key] else { return nil }
    locations.record(path, at: value.place, isOwn: value.isOwnPlace)
    if case .invalid = value.content {
      markInvalid(path)
      return nil
    }
    return value.content
  }

  mutating func integer(_ mapping: CheckedMapping, _ key: String, at path: String) -> Int? {
    if case .integer(let value)? = content(mapping, key, at: path) { return value }
    return nil
  }

  mutating func number(_ mapping: CheckedMapping, _ key: String, at path: String) -> Double? {
    if case .number(let value)? = content(mapping, key, at: path) { return value }
    return nil
  }

  mutating func boolean(_ mapping: CheckedMapping, _ key: String, at path: String) -> Bool? {
    if case .boolean(let value)? = content(mapping, key, at: path) { return value }
    return nil
  }

  mutating func text(_ mapping: CheckedMapping, _ key: String, at path: String) -> String? {
    if case .text(let value)? = content(mapping, key, at: path) { return value }
    return nil
  }

  mutating func choice<Value: RawRepresentable>(
    _ mapping: CheckedMapping, _ key: String, at path: String, as type: Value.Type
  ) -> Value? where Value.RawValue == String {
    text(mapping, key, at: path).flatMap(Value.init)
  }

  mutating func list(
    _ mapping: CheckedMapping, _ key: String, at path: String
  ) -> [CheckedValue]? {
    guard case .list(let elements)? = content(mapping, key, at: path) else { return nil }
    if elements.contains(where: \.isInvalid) {
      markInvalid(path)
      return nil
    }
    return elements
  }

  mutating func mapping(
    _ mapping: CheckedMapping, _ key: String, at path: String
  ) -> CheckedMapping? {
    if case .mapping(let value)? = content(mapping, key, at: path) { return value }
    return nil
  }

  mutating func choices<Value: RawRepresentable>(
    _ mapping: CheckedMapping, _ key: String, at path: String, as type: Value.Type
  ) -> [Value]? where Value.RawValue == String {
    list(mapping, key, at: path)?.compactMap { element in
      if case .text(let name) = element.content { return Value(rawValue: name) }
      return nil
    }
  }

  mutating func integers(_ mapping: CheckedMapping, _ key: String, at path: String) -> [Int]? {
    list(mapping, key, at: path)?.compactMap { element in
      if case .integer(let value) = element.content { return value }
      return nil
    }
  }

  /// Reports a problem, and marks the path as invalid; of very many problems the first.
  ///
  /// - Parameter suggestion: What to write as the value; left out where the value is not written.
  mutating func report(
    _ rule: Rule, _ message: String, help: String? = nil, at path: String,
    related: [(path: String, message: String)] = [], suggestion: String? = nil
  ) {
    defer { markInvalid(path) }
    guard diagnostics.count < diagnosticLimit else { return }
    diagnostics.append(
      diagnostic(
        rule, message, help: help, at: path, related: related, suggestion: suggestion))
  }

  /// A problem at a canonical path; related places that are the same or the whole spec are left
  /// out, and so is a suggestion for a value that is not written there.
  func diagnostic(
    _ rule: Rule, _ message: String, help: String?, at path: String,
    related: [(path: String, message: String)], suggestion: String? = nil
  ) -> Diagnostic {
    let primary = locations.range(of: path)
    let places = related.map { Diagnostic.Related(locations.range(of: $0.path), $0.message) }
    return Diagnostic(
      rule, message, help: help, at: primary,
      related: places.filter { $0.range != primary && !locations.isRoot($0.range) },
      path: path, suggestion: locations.isOwn(path) ? suggestion : nil)
  }
}

extension SpecDecoder {
  /// A patch size: a number, [h, w] or [t, h, w].
  mutating func patchSize(
    _ mapping: CheckedMapping, _ key: String, at path: String, hasFrames: Bool
  ) -> PatchSize {
    let standIn = PatchSize(height: 1, width: 1)
    switch content(mapping, key, at: path) {
    case .integer(let extent)?: return PatchSize(height: extent, width: extent)
    case .list?:
      guard let extents = integers(mapping, key, at: path) else { return standIn }
      if extents.count == 2 { return PatchSize(height: extents[0], width: extents[1]) }
      if !hasFrames {
        report(
          SpecRules.patchAxes, "`\(path)` has three extents, but there are no frames",
          help: "write [h, w]: [\(extents[1]), \(extents[2])]", at: path,
          suggestion: "[\(extents[1]), \(extents[2])]")
        return standIn
      }
      return PatchSize(frames: extents[0], height: extents[1], width: extents[2])
    case nil:
      markInvalid(path)
      return standIn
    case .invalid?, .none?, .number?, .boolean?, .text?, .numbers?, .dictionary?, .mapping?:
      return standIn
    }
  }

  /// The order of a patch's axes: a name, or a permutation of those in use.
  ///
  /// An axis of frames may be left out of a permutation: it is put before rows and columns, where
  /// it matters only if patches span frames, which a rule forbids then.
  mutating func order(
    _ mapping: CheckedMapping, _ key: String, at path: String, hasFrames: Bool, patch: PatchSize
  ) -> [PatchAxis]? {
    let inUse: [PatchAxis] =
      hasFrames ? [.channel, .frame, .row, .column] : [.channel, .row, .column]
    switch content(mapping, key, at: path) {
    case .text("channels_last")?: return Array(inUse.dropFirst()) + [.channel]
    case .text?: return inUse
    case .list?:
      guard var order = choices(mapping, key, at: path, as: PatchAxis.self) else { return inUse }
      if hasFrames, patch.frames == 1, !order.contains(.frame),
        let index = order.firstIndex(where: { $0 == .row || $0 == .column })
      {
        order.insert(.frame, at: index)
      }
      if order.count == inUse.count, Set(order) == Set(inUse) { return order }
      report(
        SpecRules.axisOrder,
        "`\(path)` is [\(order.map(\.rawValue).joined(separator: ", "))], expected each of "
          + "\(listed(inUse.map(\.rawValue), conjunction: "and")) once", at: path)
      return inUse
    case nil: return nil
    case .invalid?, .none?, .integer?, .number?, .boolean?, .numbers?, .dictionary?, .mapping?:
      return inUse
    }
  }

  /// A norm; `.some(nil)` for `none`, nil when the key is left out.
  mutating func norm(_ mapping: CheckedMapping, _ key: String, at path: String) -> Norm?? {
    guard let inner = self.mapping(mapping, key, at: path) else { return nil }
    if text(inner, "kind", at: path + ".kind") == "none" { return .some(nil) }
    return Norm(epsilon: number(inner, "epsilon", at: path + ".epsilon") ?? Norm.standard.epsilon)
  }
}

extension Norm {
  /// The DiT paper's layer norm.
  static let standard = Norm(epsilon: 1e-6)
}

/// The most problems that are collected of one kind of check; a hostile text could hold one per
/// value.
let diagnosticLimit = 1000

extension Substring {
  /// The canonical path around this one; nil for a path of one name.
  var outerPath: Substring? {
    lastIndex { $0 == "." || $0 == "[" }.map { self[..<$0] }
  }
}
