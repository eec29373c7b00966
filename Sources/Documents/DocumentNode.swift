import Diagnostics

/// A node of a YAML or JSON document with its place in the text.
package struct DocumentNode: Sendable {
  /// How a scalar is written.
  package enum Style: Sendable, Hashable {
    /// Without quotes: a number, a word, `true`.
    case plain
    /// In quotes or as a block: always a string.
    case quoted
  }

  /// A key with its value.
  package struct Entry: Sendable {
    /// The key; a scalar.
    package var key: DocumentNode
    /// The value.
    package var value: DocumentNode

    /// An entry.
    package init(key: DocumentNode, value: DocumentNode) {
      self.key = key
      self.value = value
    }
  }

  /// What a node holds.
  package enum Kind: Sendable {
    case scalar(String, Style)
    case sequence([DocumentNode])
    /// Keys are unique.
    case mapping([Entry])
  }

  /// What it holds.
  package var kind: Kind
  /// Whether it comes from a preset, rather than from the text it is located in.
  package var isInherited = false

  // Positions are 32 bits wide because trees of large headers have millions of nodes.
  private var file: String
  private var startLine: UInt32
  private var startColumn: UInt32
  private var endLine: UInt32
  private var endColumn: UInt32

  /// A node.
  package init(_ kind: Kind, at range: SourceRange) {
    self.kind = kind
    file = range.file
    startLine = UInt32(clamping: range.start.line)
    startColumn = UInt32(clamping: range.start.column)
    endLine = UInt32(clamping: range.end.line)
    endColumn = UInt32(clamping: range.end.column)
  }

  /// Where it stands.
  package var range: SourceRange {
    get {
      SourceRange(
        file: file, start: SourcePosition(line: Int(startLine), column: Int(startColumn)),
        end: SourcePosition(line: Int(endLine), column: Int(endColumn)))
    }
    set { self = withRange(newValue) }
  }

  private func withRange(_ range: SourceRange) -> DocumentNode {
    var node = DocumentNode(kind, at: range)
    node.isInherited = isInherited
    return node
  }
}

extension DocumentNode {
  /// The text of a scalar; nil for others.
  package var text: String? {
    if case .scalar(let text, _) = kind { return text }
    return nil
  }

  /// The entries of a mapping; nil for others.
  package var entries: [Entry]? {
    if case .mapping(let entries) = kind { return entries }
    return nil
  }

  /// The elements of a sequence; nil for others.
  package var elements: [DocumentNode]? {
    if case .sequence(let elements) = kind { return elements }
    return nil
  }

  /// The value of a mapping's key; nil when there is none.
  package subscript(key: String) -> DocumentNode? {
    entries?.first { $0.key.isText(key) }?.value
  }

  /// Whether it is a scalar of a text.
  package func isText(_ wanted: String) -> Bool {
    // Comparing strings that are not in normal form is slow; most differ in length.
    guard let text, text.utf8.count == wanted.utf8.count else { return false }
    return text == wanted
  }
}

/// What a document may hold at most.
package struct DocumentLimits: Sendable {
  /// Bytes of text.
  package var byteCount: Int
  /// Collections within one another.
  package var depth: Int
  /// Nodes, those that aliases repeat included.
  package var nodeCount: Int

  /// Limits.
  package init(byteCount: Int, depth: Int = 64, nodeCount: Int) {
    self.byteCount = byteCount
    self.depth = depth
    self.nodeCount = nodeCount
  }

  /// Of a spec: 1 MiB, 64 levels, 100,000 nodes.
  package static let spec = DocumentLimits(byteCount: 1 << 20, nodeCount: 100_000)
  /// Of data that a program wrote: 100 MB, 64 levels, 4 million nodes.
  package static let data = DocumentLimits(byteCount: 100_000_000, nodeCount: 4_000_000)
}
