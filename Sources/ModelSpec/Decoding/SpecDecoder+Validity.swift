extension SpecDecoder {
  /// Whether nothing at a canonical path, within it or around it was reported.
  func isValid(_ path: String) -> Bool {
    if invalid.isEmpty { return true }
    return !invalid.contains { $0 == path || $0.isWithin(path) || path.isWithin($0) }
  }
}

extension String {
  /// Whether this path is a part of what another path names.
  fileprivate func isWithin(_ other: String) -> Bool {
    guard hasPrefix(other), count > other.count else { return false }
    let next = self[index(startIndex, offsetBy: other.count)]
    return next == "." || next == "["
  }
}
