/// The nodes during which bytes must not be disturbed, both ends included.
package struct LiveRange: Sendable, Hashable, CustomStringConvertible {
  /// The node that writes first.
  package var first: Int
  /// The last node that reads; the node count when a copy after the last node reads.
  package var last: Int

  /// A range of nodes.
  package init(first: Int, last: Int) {
    self.first = first
    self.last = last
  }

  /// Whether a node lies in both ranges.
  package func overlaps(_ other: LiveRange) -> Bool {
    first <= other.last && other.first <= last
  }

  /// As in `3...7`.
  package var description: String { "\(first)...\(last)" }
}
