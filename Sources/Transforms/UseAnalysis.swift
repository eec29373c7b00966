import GraphIR
import Tensors

/// A graph together with who reads each of its values.
struct UseAnalysis {
  /// The graph.
  let graph: Graph
  private let counts: [Int]
  private let readers: [[ValueID]]
  private let outputs: Set<ValueID>

  /// Analyses a graph.
  init(_ graph: Graph) {
    self.graph = graph
    counts = graph.useCounts
    readers = graph.users
    outputs = Set(graph.outputs.map(\.value))
  }

  /// The node that makes a value.
  subscript(id: ValueID) -> Node { graph[id] }

  /// The shape of a value.
  func shape(_ id: ValueID) -> Shape { graph[id].type.shape }

  /// How many operand places and outputs read a value.
  func useCount(_ id: ValueID) -> Int { counts[id.index] }

  /// Whether one operand place or output, and no other, reads a value.
  func isUsedOnce(_ id: ValueID) -> Bool { counts[id.index] == 1 }

  /// The nodes that read a value, ascending; once per operand place.
  func users(_ id: ValueID) -> [ValueID] { readers[id.index] }

  /// The node that alone reads a value; nil when an output or several places do.
  func soleUser(_ id: ValueID) -> ValueID? {
    isUsedOnce(id) ? readers[id.index].first : nil
  }

  /// The operands of a node that is the given function of two.
  func operands(_ id: ValueID, of function: BinaryOp) -> (left: ValueID, right: ValueID)? {
    guard case .binary(function) = graph[id].op else { return nil }
    return (graph[id].inputs[0], graph[id].inputs[1])
  }

  /// The parts of a parameter; nil for other values.
  func parameterParts(_ id: ValueID) -> [String]? {
    if case .parameter(let parts) = graph[id].op { parts } else { nil }
  }

  /// Whether a value is a parameter, or in a training the state that holds one.
  func isParameter(_ id: ValueID) -> Bool {
    switch graph[id].op {
    case .parameter, .state: true
    default: false
    }
  }

  /// The value of a literal with one element; nil for other values.
  func scalar(_ id: ValueID) -> Float? {
    if case .constant(let tensor) = graph[id].op, tensor.values.count == 1 {
      tensor.values[0]
    } else {
      nil
    }
  }

  /// Whether a value is a vector along the last axis of a shape that broadcasts over other axes:
  /// what a scale, a shift or a gate is to tokens.
  func isVector(_ id: ValueID, along target: Shape) -> Bool {
    let own = shape(id)
    return own.rank >= 1 && target.rank >= 1 && own[-1] == target[-1]
      && own.broadcast(with: target) == target
  }

  /// Whether a value has fewer elements than a shape that it broadcasts to.
  func repeats(_ id: ValueID, in target: Shape) -> Bool {
    shape(id).elementCount < target.elementCount
  }

  /// A value as reasons name it: "`%12` (blocks[0].sublayers[0]@3)".
  func described(_ id: ValueID) -> String {
    let origin = graph[id].origin.description
    return origin.isEmpty ? "`\(id)`" : "`\(id)` (\(origin))"
  }

  /// The reason that a value cannot disappear: "`%12` (...) has 2 consumers".
  func consumersReason(_ id: ValueID) -> String {
    let count = useCount(id)
    return "\(described(id)) has \(count) consumer\(count == 1 ? "" : "s")"
  }

  /// Demands that nothing but the pattern reads a value.
  ///
  /// - Throws: `Mismatch` that tells the number of consumers.
  func demandUsedOnce(_ id: ValueID) throws(Mismatch) {
    if !isUsedOnce(id) { throw Mismatch(consumersReason(id)) }
  }
}

extension UseAnalysis {
  /// One reading of a value, or of a piece of it.
  struct Reading {
    let user: ValueID
    let place: Int
    /// What is read: the value itself or the piece.
    let value: ValueID
  }

  /// Whether a value is a piece of its operand, whose bytes it shares.
  func isPiece(_ id: ValueID) -> Bool {
    guard let operand = graph[id].inputs.first else { return false }
    return graph[id].op.pieceStart(in: shape(operand)) != nil
  }

  /// The value, and every piece of it.
  func pieces(of id: ValueID) -> [ValueID] {
    [id] + users(id).filter(isPiece).flatMap(pieces)
  }

  /// Who reads a value or a piece of it, pieces themselves left out; nil when an output does.
  func readings(of id: ValueID) -> [Reading]? {
    let pieces = pieces(of: id)
    if pieces.contains(where: outputs.contains) { return nil }
    return pieces.flatMap { piece in
      Set(users(piece)).sorted().filter { !isPiece($0) }.flatMap { user in
        graph[user].inputs.indices.filter { graph[user].inputs[$0] == piece }
          .map { Reading(user: user, place: $0, value: piece) }
      }
    }
  }
}
