/// A pattern of paths: `*` is any text within a name, `?` a character of a name, `**` any folders.
///
/// A pattern without a slash is about names at any depth. A pattern that matches a folder matches
/// everything in it.
package struct PathPattern: Sendable {
  private let parts: [[Unicode.Scalar]]

  /// A pattern as a person writes it.
  package init(_ text: String) {
    let parts = Self.parts(of: text)
    let isName = parts.count == 1 && !text.hasPrefix("/") && !text.hasPrefix("./")
    self.parts = isName ? [["*", "*"]] + parts : parts
  }

  /// Whether the pattern matches a path or a folder that the path leads through.
  package func matches(_ path: String) -> Bool {
    // Whether the part of the pattern before each index matches the names read so far.
    var states = Set([0])
    addFolders(&states)
    for name in Self.parts(of: path) {
      var next: Set<Int> = []
      for state in states where state < parts.count {
        if isFolders(state) {
          next.insert(state)
        } else if Self.matches(parts[state][...], name[...]) {
          next.insert(state + 1)
        }
      }
      addFolders(&next)
      if next.contains(parts.count) { return true }
      states = next
    }
    return false
  }

  /// The names of a path, without `.`.
  private static func parts(of path: String) -> [[Unicode.Scalar]] {
    path.split(separator: "/").filter { $0 != "." }.map { Array($0.unicodeScalars) }
  }

  private func isFolders(_ index: Int) -> Bool { parts[index] == ["*", "*"] }

  /// Adds the states that `**` reaches by matching no folder.
  private func addFolders(_ states: inout Set<Int>) {
    for index in parts.indices where isFolders(index) && states.contains(index) {
      states.insert(index + 1)
    }
  }

  /// Whether a name matches; where it does not, only the last `*` before can take more.
  private static func matches(
    _ pattern: ArraySlice<Unicode.Scalar>, _ name: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    var (p, n) = (pattern.startIndex, name.startIndex)
    var star: (pattern: Int, name: Int)?
    while n < name.endIndex {
      if p < pattern.endIndex, pattern[p] == "*" {
        star = (p, n)
        p += 1
      } else if p < pattern.endIndex, pattern[p] == "?" || pattern[p] == name[n] {
        p += 1
        n += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        (p, n) = (last.pattern + 1, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}
