import Diagnostics

/// Where the parts of a canonical spec come from.
package struct SpecLocations: Sendable {
  private var ranges: [String: SourceRange] = [:]
  /// The paths whose place is the text of their value.
  private var ownPlaces: Set<String> = []
  private let root: SourceRange

  /// No places but the spec's own.
  init(root: SourceRange) { self.root = root }

  /// The place of a canonical path such as `blocks[0].sublayers[1].heads` or
  /// `conditioning.timestep`: where the user wrote it, or else what is nearest to it.
  package func range(of path: String) -> SourceRange {
    var path: Substring? = path[...]
    while let inner = path {
      if let range = ranges[String(inner)] { return range }
      path = inner.outerPath
    }
    return root
  }

  /// Whether a place is the spec's own, for want of a nearer one.
  func isRoot(_ range: SourceRange) -> Bool { range == root }

  /// Whether the place of a canonical path is the text of its value, rather than its key or what
  /// is around it.
  func isOwn(_ path: String) -> Bool { ownPlaces.contains(path) }

  /// Records the place of a canonical path.
  ///
  /// - Parameter isOwn: Whether the place is the text of the value.
  mutating func record(_ path: String, at range: SourceRange, isOwn: Bool = false) {
    ranges[path] = range
    if isOwn { ownPlaces.insert(path) } else { ownPlaces.remove(path) }
  }
}
