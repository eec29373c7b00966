import CYaml
import Diagnostics

/// A YAML text as a located tree, with everything that is wrong with it.
package struct ParsedDocument: Sendable {
  /// The root; nil when the text is empty or the parse ended early.
  package var root: DocumentNode?
  /// What is wrong, in the order found; the tree is usable all the same where there is one.
  package var diagnostics: [Diagnostic]
}

/// Parses one YAML document.
///
/// A byte order mark and any line ends are accepted. Aliases count as what they repeat. Tags,
/// merge keys, keys that are no scalars, a second document and duplicate keys are reported; of
/// duplicate keys the first stays in the tree.
///
/// - Parameters:
///   - text: The document.
///   - file: The name that ranges carry.
package func parseYAML(
  _ text: String, file: String, limits: DocumentLimits = .spec
) -> ParsedDocument {
  func refused(_ message: String) -> ParsedDocument {
    let start = SourcePosition(line: 1, column: 1)
    let range = SourceRange(file: file, start: start, end: start)
    return ParsedDocument(
      root: nil, diagnostics: [Diagnostic(DocumentRules.limit, message, at: range)])
  }
  guard text.utf8.count <= limits.byteCount else {
    return refused("the text has \(text.utf8.count) bytes, more than \(limits.byteCount)")
  }
  var builder = TreeBuilder(file: file, limits: limits)
  var text = text
  let isRead = text.withUTF8 { bytes in
    // libyaml compares every one with all before it.
    guard tagDirectiveCount(in: bytes) <= 100 else { return false }
    builder.read(bytes)
    return true
  }
  guard isRead else { return refused("the text has more than 100 `%TAG` directives") }
  return ParsedDocument(root: builder.root, diagnostics: builder.diagnostics)
}

/// How often `%TAG` occurs, as a directive or within a text.
private func tagDirectiveCount(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
  let name = Array("%TAG".utf8)
  var count = 0
  var rest = bytes[...]
  while let start = rest.firstIndex(of: UInt8(ascii: "%")) {
    rest = rest[start...]
    if rest.starts(with: name) { count += 1 }
    rest = rest.dropFirst()
  }
  return count
}

/// Builds the tree from libyaml's events, without recursion.
private struct TreeBuilder {
  let file: String
  let limits: DocumentLimits
  var root: DocumentNode?
  var diagnostics: [Diagnostic] = []

  /// A collection that is being read.
  private struct Open {
    var isMapping: Bool
    var anchor: String?
    var start: SourceRange
    var end: SourcePosition
    var elements: [DocumentNode] = []
    var entries: [DocumentNode.Entry] = []
    var keyRanges: [String: SourceRange] = [:]
    var key: DocumentNode?
    /// Whether the next value belongs to a key that was refused.
    var dropsValue = false
    /// The nodes read when it began.
    var nodesBefore: Int
  }

  private struct Anchored {
    var node: DocumentNode
    var nodeCount: Int
    var height: Int
  }

  private var stack: [Open] = []
  private var anchors: [String: Anchored] = [:]
  private var nodeCount = 0
  private var documentCount = 0

  init(file: String, limits: DocumentLimits) {
    self.file = file
    self.limits = limits
  }

  /// Reads all events, until the end or an error that ends parsing.
  mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else {
      preconditionFailure("no memory for a YAML parser")
    }
    defer { yaml_parser_delete(&parser) }
    yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(&parser, &event) == 1 else {
        root = nil
        diagnostics.append(YAMLSyntaxError(file: file, bytes: bytes).diagnostic(of: parser))
        return
      }
      defer { yaml_event_delete(&event) }
      if event.type == YAML_STREAM_END_EVENT { return }
      if !handle(event) {
        root = nil
        return
      }
    }
  }

  /// Handles an event; false ends parsing.
  private mutating func handle(_ event: yaml_event_t) -> Bool {
    let range = SourceRange(
      file: file, start: SourcePosition(event.start_mark), end: SourcePosition(event.end_mark))
    switch event.type {
    case YAML_DOCUMENT_START_EVENT:
      documentCount += 1
      // The first document's tree is complete and stays.
      if documentCount == 2 {
        report(
          DocumentRules.yamlSyntax, "a second document begins here", at: range,
          help: "a spec is one document; put the other in a file of its own")
      }
    case _ where documentCount > 1: break
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let style: DocumentNode.Style =
        scalar.style == YAML_PLAIN_SCALAR_STYLE ? .plain : .quoted
      refuseTag(scalar.tag, at: range)
      let text = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      guard count(1, at: range) else { return false }
      var place = range
      if style == .plain, scalar.anchor != nil || scalar.tag != nil, !text.contains("\n") {
        // The mark is that of the anchor; a plain scalar of one line is as long as its text.
        let column = range.end.column - text.unicodeScalars.count
        if column >= 1, !text.isEmpty {
          place.start = SourcePosition(line: range.end.line, column: column)
        }
      }
      let node = DocumentNode(.scalar(text, style), at: place)
      if let anchor = name(scalar.anchor) {
        anchors[anchor] = Anchored(node: node, nodeCount: 1, height: 0)
      }
      add(node)
    case YAML_SEQUENCE_START_EVENT:
      let sequence = event.data.sequence_start
      refuseTag(sequence.tag, at: range)
      return open(isMapping: false, anchor: name(sequence.anchor), at: range)
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      refuseTag(mapping.tag, at: range)
      return open(isMapping: true, anchor: name(mapping.anchor), at: range)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: close(at: range)
    case YAML_ALIAS_EVENT: return expandAlias(name(event.data.alias.anchor) ?? "", at: range)
    default: break
    }
    return true
  }

  private mutating func open(isMapping: Bool, anchor: String?, at range: SourceRange) -> Bool {
    guard stack.count < limits.depth else {
      report(
        DocumentRules.limit, "collections are nested deeper than \(limits.depth) levels",
        at: range)
      return false
    }
    guard count(1, at: range) else { return false }
    stack.append(
      Open(
        isMapping: isMapping, anchor: anchor, start: range, end: range.end,
        nodesBefore: nodeCount - 1))
    return true
  }

  private mutating func close(at range: SourceRange) {
    guard let open = stack.popLast() else { return }
    // Block collections end where the next token begins; their last child says where they end.
    let isFlow = range.start != range.end
    let whole = SourceRange(
      file: file, start: open.start.start, end: isFlow ? range.end : open.end)
    let node = DocumentNode(
      open.isMapping ? .mapping(open.entries) : .sequence(open.elements), at: whole)
    if let anchor = open.anchor {
      anchors[anchor] = Anchored(
        node: node, nodeCount: nodeCount - open.nodesBefore, height: height(of: node))
    }
    add(node)
  }

  private mutating func expandAlias(_ name: String, at range: SourceRange) -> Bool {
    guard let anchored = anchors[name] else {
      let isInside = stack.contains { $0.anchor == name }
      report(
        DocumentRules.alias,
        isInside
          ? "alias `*\(name)` stands inside what it refers to"
          : "alias `*\(name)` refers to no anchor before it",
        at: range, help: isInside ? nil : "write `&\(name)` before the value it should repeat")
      return false
    }
    guard stack.count + anchored.height <= limits.depth else {
      report(
        DocumentRules.limit, "collections are nested deeper than \(limits.depth) levels",
        at: range)
      return false
    }
    guard count(anchored.nodeCount, at: range) else { return false }
    var node = anchored.node
    node.range = range
    add(node)
    return true
  }

  /// Puts a complete node where it belongs.
  private mutating func add(_ node: DocumentNode) {
    guard var parent = stack.popLast() else {
      if root == nil { root = node }
      return
    }
    parent.end = max(parent.end, node.range.end)
    if !parent.isMapping {
      parent.elements.append(node)
    } else if parent.dropsValue {
      parent.dropsValue = false
    } else if let key = parent.key {
      parent.entries.append(DocumentNode.Entry(key: key, value: node))
      parent.key = nil
    } else if accept(key: node, first: &parent.keyRanges) {
      parent.key = node
    } else {
      parent.dropsValue = true
    }
    stack.append(parent)
  }

  private mutating func accept(key: DocumentNode, first: inout [String: SourceRange]) -> Bool {
    guard case .scalar(let text, let style) = key.kind else {
      report(DocumentRules.yamlFeature, "a key must be a single word", at: key.range)
      return false
    }
    if text == "<<", style == .plain {
      report(
        DocumentRules.yamlFeature, "merge keys are not supported", at: key.range,
        help: "write the keys out, or use `preset`")
      return false
    }
    if text.isEmpty {
      report(DocumentRules.yamlFeature, "a key is empty", at: key.range)
      return false
    }
    if let range = first[text] {
      report(
        DocumentRules.duplicateKey, "key `\(text)` stands here a second time", at: key.range,
        help: "remove one of the two",
        related: [Diagnostic.Related(range, "`\(text)` stands here first")])
      return false
    }
    first[text] = key.range
    return true
  }

  private func height(of node: DocumentNode) -> Int {
    switch node.kind {
    case .scalar: 0
    case .sequence(let elements): 1 + (elements.map(height).max() ?? 0)
    case .mapping(let entries): 1 + (entries.map { height(of: $0.value) }.max() ?? 0)
    }
  }

  /// Counts nodes; false when there are too many.
  private mutating func count(_ nodes: Int, at range: SourceRange) -> Bool {
    nodeCount += nodes
    if nodeCount <= limits.nodeCount { return true }
    report(
      DocumentRules.limit,
      "the document holds more than \(limits.nodeCount) values, aliases expanded", at: range)
    return false
  }

  private mutating func refuseTag(_ tag: UnsafeMutablePointer<UInt8>?, at range: SourceRange) {
    guard let tag = name(tag) else { return }
    report(
      DocumentRules.yamlFeature, "tag `\(tag)` is not supported", at: range,
      help: "remove it; the key says what type its value has")
  }

  private mutating func report(
    _ rule: Rule, _ message: String, at range: SourceRange, help: String? = nil,
    related: [Diagnostic.Related] = []
  ) {
    // A hostile text could hold a problem per value; what ends parsing comes after them.
    guard diagnostics.count < 1000 || rule == DocumentRules.limit else { return }
    diagnostics.append(Diagnostic(rule, message, help: help, at: range, related: related))
  }

  private func name(_ bytes: UnsafeMutablePointer<UInt8>?) -> String? {
    bytes.map { String(cString: $0) }
  }

}
