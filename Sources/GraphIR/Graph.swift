import Tensors

/// Names one value of a graph; also the index of the node that makes it.
package struct ValueID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The index of the producing node in `Graph.nodes`.
  package let index: Int

  /// The value of the node at an index.
  package init(_ index: Int) { self.index = index }

  /// Orders by position in the graph, which is topological.
  package static func < (left: Self, right: Self) -> Bool { left.index < right.index }

  /// As in the text form: `%7`.
  package var description: String { "%\(index)" }
}

/// Where in the spec a node comes from.
package struct Origin: Sendable, Hashable, CustomStringConvertible {
  /// The canonical spec path, as in `blocks[0].sublayers[1]`; empty when no key is responsible.
  package var path: String
  /// The index of the block within the whole stack, where the node belongs to one.
  package var block: Int?

  /// An origin by path and block.
  package init(_ path: String, block: Int? = nil) {
    self.path = path
    self.block = block
  }

  /// The path, with `@N` appended within block N.
  package var description: String { block.map { "\(path)@\($0)" } ?? path }
}

/// One operation and the one value it makes.
package struct Node: Sendable, Hashable {
  /// What is computed.
  package var op: Op
  /// The operands, all made by earlier nodes.
  package var inputs: [ValueID]
  /// The type of the result.
  package var type: TensorType
  /// The spec key responsible.
  package var origin: Origin

  /// A node.
  package init(_ op: Op, _ inputs: [ValueID], _ type: TensorType, origin: Origin) {
    self.op = op
    self.inputs = inputs
    self.type = type
    self.origin = origin
  }
}

/// A value that a graph gives back.
package struct Output: Sendable, Hashable {
  /// The caller's name for it; for a state, the name of the state it replaces.
  package var name: String
  /// The value.
  package var value: ValueID
  /// Whether it becomes the state of the same name for the next run.
  package var isState: Bool

  /// An output.
  package init(_ name: String, _ value: ValueID, isState: Bool = false) {
    self.name = name
    self.value = value
    self.isState = isState
  }
}

/// A static computation: nodes in topological order, each making one value of known type.
///
/// A graph is a value: copying it is cheap, comparing it is exact. `GraphVerifier` lists what
/// every graph fulfils.
package struct Graph: Sendable, Hashable {
  /// The graph's name: an identifier, as in `step`.
  package var name: String
  /// The nodes; operands come before their users.
  package var nodes: [Node]
  /// What it gives back, in order; names are unique.
  package var outputs: [Output]

  /// A graph of the given parts.
  package init(name: String, nodes: [Node] = [], outputs: [Output] = []) {
    self.name = name
    self.nodes = nodes
    self.outputs = outputs
  }

  /// The node that makes a value.
  package subscript(id: ValueID) -> Node { nodes[id.index] }

  /// All values, in order.
  package var values: [ValueID] { nodes.indices.map(ValueID.init) }

  /// How often each value is used, by index: once per operand place and once per output.
  package var useCounts: [Int] {
    var counts = [Int](repeating: 0, count: nodes.count)
    for node in nodes { for input in node.inputs { counts[input.index] += 1 } }
    for output in outputs { counts[output.value.index] += 1 }
    return counts
  }

  /// The output of a name, if there is one.
  package func output(named name: String) -> ValueID? {
    outputs.first { $0.name == name }?.value
  }
}
