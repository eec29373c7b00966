import Tensors

/// Reads the text form of graphs.
///
/// Any text is safe to read: counts and extents are capped, every type is inferred again and
/// compared, and the result passes `GraphVerifier`.
package struct GraphParser {
  /// The most scalars of a text.
  package static let maximumTextCount = 1 << 26
  /// The most nodes of a graph.
  package static let maximumNodeCount = 1_000_000
  /// The most axes of a value.
  package static let maximumRank = 16
  private static let maximumListDepth = 4
  private static let maximumListCount = 65536

  private var lexer: GraphLexer
  private var token = GraphToken.newline
  private var place = GraphTextError(line: 1, column: 1, message: "")
  private let literals: [UInt64: Tensor]

  /// The graph of a text.
  ///
  /// - Parameters:
  ///   - text: What `GraphPrinter` writes; spacing is free within a line.
  ///   - literals: The literals that stand as digests in the text.
  /// - Throws: `GraphTextError` at the first place that is wrong.
  package static func parse(
    _ text: String, literals: [UInt64: Tensor] = [:]
  ) throws(GraphTextError) -> Graph {
    guard text.utf8.count <= maximumTextCount else {
      throw GraphTextError(line: 1, column: 1, message: "the text is too long")
    }
    var parser = GraphParser(lexer: GraphLexer(text), literals: literals)
    return try parser.graph()
  }

  private init(lexer: GraphLexer, literals: [UInt64: Tensor]) {
    self.lexer = lexer
    self.literals = literals
  }
}

// MARK: - Graph, nodes and outputs

extension GraphParser {
  private mutating func graph() throws(GraphTextError) -> Graph {
    try advance()
    try skipNewlines()
    try expectWord("graph")
    var graph = Graph(name: try name())
    try expect("{")
    try expectNewline()
    var places: [GraphTextError] = []
    while case .value(let index) = token {
      guard index == graph.nodes.count else {
        throw error("expected %\(graph.nodes.count)")
      }
      guard index < Self.maximumNodeCount else { throw error("too many nodes") }
      places.append(place)
      graph.nodes.append(try node(in: graph))
      try expectNewline()
    }
    let returnPlace = place
    try expectWord("return")
    if token != .newline {
      repeat { graph.outputs.append(try output(in: graph)) } while try skip(",")
    }
    try expectNewline()
    try expect("}")
    try skipNewlines()
    guard token == .end else { throw error("expected the end of the text") }
    if let first = GraphVerifier.verify(graph).first {
      var error = first.value.map { places[$0.index] } ?? returnPlace
      error.message = first.message
      throw error
    }
    return graph
  }

  private mutating func node(in graph: Graph) throws(GraphTextError) -> Node {
    try advance()
    try expect("=")
    let opPlace = place
    guard case .word(let opName) = token else { throw unexpected("the name of an op") }
    try advance()
    var text = OpText(name: opName, place: opPlace)
    try payload(into: &text)
    var inputs: [ValueID] = []
    if case .value = token {
      repeat { inputs.append(try value(in: graph)) } while try skip(",")
    }
    if try skip("{") {
      repeat { try attribute(into: &text) } while try skip(",")
      try expect("}")
    }
    try expect(":")
    let typePlace = place
    let type = try type()
    let op = try text.op(type: type, literals: literals)
    let inputTypes = inputs.map { graph[$0].type }
    let inferred: TensorType?
    do throws(GraphError) {
      inferred = try op.resultType(inputTypes)
    } catch {
      throw GraphTextError(line: opPlace.line, column: opPlace.column, message: error.message)
    }
    if let inferred, !op.permits(type, inferred: inferred, inputTypes) {
      throw GraphTextError(
        line: typePlace.line, column: typePlace.column,
        message: "the type is \(inferred), not \(type)")
    }
    var node = Node(op, inputs, type, origin: Origin(""))
    if case .origin(let origin) = token {
      node.origin = origin
      try advance()
    }
    return node
  }

  /// What stands between an op's name and its operands.
  private mutating func payload(into text: inout OpText) throws(GraphTextError) {
    switch token {
    case .name:
      repeat { text.names.append(try name()) } while try skip("++")
    case .word(let word):
      text.kind = word
      try advance()
    case .digest(let digest):
      text.digest = digest
      try advance()
    case .punctuation("["):
      guard case .list(let values) = try attributeValue(depth: 0) else { return }
      text.elements = values
    case .number, .value, .operand, .step, .origin, .punctuation, .newline, .end:
      return
    }
  }

  private mutating func output(in graph: Graph) throws(GraphTextError) -> Output {
    let isState = token == .word("state")
    if isState { try advance() }
    let name = try name()
    return Output(name, try value(in: graph), isState: isState)
  }

  private mutating func value(in graph: Graph) throws(GraphTextError) -> ValueID {
    guard case .value(let index) = token else { throw unexpected("a value") }
    guard graph.nodes.indices.contains(index) else {
      throw error("%\(index) is not defined above")
    }
    try advance()
    return ValueID(index)
  }

  private mutating func type() throws(GraphTextError) -> TensorType {
    guard case .word(let word) = token, let dtype = DType(rawValue: word) else {
      throw unexpected("a type, as in f32[2,3]")
    }
    let start = place
    try advance()
    try expect("[")
    var dimensions: [Int] = []
    if token != .punctuation("]") {
      repeat {
        guard case .number(let text) = token, let extent = OpText.integer(text), extent >= 1 else {
          throw unexpected("an extent")
        }
        guard dimensions.count < Self.maximumRank else { throw error("too many axes") }
        dimensions.append(extent)
        try advance()
      } while try skip(",")
    }
    try expect("]")
    let shape = Shape(dimensions)
    guard let count = shape.checkedElementCount, count <= GraphVerifier.maximumElementCount else {
      throw GraphTextError(
        line: start.line, column: start.column, message: "\(shape) has too many elements")
    }
    return TensorType(dtype, shape)
  }
}

// MARK: - Attributes

extension GraphParser {
  private mutating func attribute(into text: inout OpText) throws(GraphTextError) {
    guard case .word(let name) = token else { throw unexpected("the name of an attribute") }
    guard text.attributes[name] == nil else { throw error("'\(name)' is given twice") }
    let start = place
    try advance()
    let value: AttributeValue? = try skip("=") ? try attributeValue(depth: 0) : nil
    text.attributes[name] = OpText.Attribute(value: value, place: start)
  }

  private mutating func attributeValue(depth: Int) throws(GraphTextError) -> AttributeValue {
    guard depth < Self.maximumListDepth else { throw error("too deep") }
    let first = token
    switch first {
    case .number(let text):
      try advance()
      return .number(text)
    case .operand(let index):
      try advance()
      return .operand(index)
    case .step(let index):
      try advance()
      return .step(index)
    case .word(let word):
      try advance()
      guard try skip("(") else { return .word(word) }
      return .call(word, try values(until: ")", depth: depth))
    case .punctuation("["):
      try advance()
      return .list(try values(until: "]", depth: depth))
    case .name, .value, .digest, .origin, .punctuation, .newline, .end:
      throw unexpected("the value of an attribute")
    }
  }

  private mutating func values(
    until end: String, depth: Int
  ) throws(GraphTextError) -> [AttributeValue] {
    var values: [AttributeValue] = []
    if try skip(end) { return values }
    repeat {
      guard values.count < Self.maximumListCount else { throw error("the list is too long") }
      values.append(try attributeValue(depth: depth + 1))
    } while try skip(",")
    try expect(end)
    return values
  }
}

// MARK: - Tokens

extension GraphParser {
  private func error(_ message: String) -> GraphTextError {
    GraphTextError(line: place.line, column: place.column, message: message)
  }

  private func unexpected(_ expected: String) -> GraphTextError {
    error("expected \(expected), found \(token.description)")
  }

  private mutating func advance() throws(GraphTextError) {
    lexer.skipBlanks()
    place = lexer.error("")
    token = try lexer.next()
  }

  private mutating func skip(_ punctuation: String) throws(GraphTextError) -> Bool {
    guard token == .punctuation(punctuation) else { return false }
    try advance()
    return true
  }

  private mutating func expect(_ punctuation: String) throws(GraphTextError) {
    guard try skip(punctuation) else { throw unexpected("'\(punctuation)'") }
  }

  private mutating func expectWord(_ word: String) throws(GraphTextError) {
    guard token == .word(word) else { throw unexpected("'\(word)'") }
    try advance()
  }

  private mutating func expectNewline() throws(GraphTextError) {
    guard token == .newline else { throw unexpected("the end of the line") }
    try skipNewlines()
  }

  private mutating func skipNewlines() throws(GraphTextError) {
    while token == .newline { try advance() }
  }

  private mutating func name() throws(GraphTextError) -> String {
    guard case .name(let name) = token else { throw unexpected("a name, as in @latent") }
    try advance()
    return name
  }
}
