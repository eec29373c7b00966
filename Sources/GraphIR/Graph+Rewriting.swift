import Tensors

extension Graph {
  /// The nodes that read each value, by index, ascending.
  ///
  /// A node that reads a value twice is listed twice; outputs are not counted, `useCounts` does.
  package var users: [[ValueID]] {
    var users = [[ValueID]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { users[input.index].append(ValueID(index)) }
    }
    return users
  }

  /// Which values an output needs, by index.
  ///
  /// A state whose successor is an output is needed even when nothing reads it.
  package var reachability: [Bool] {
    var reachable = [Bool](repeating: false, count: nodes.count)
    for output in outputs { reachable[output.value.index] = true }
    for (index, node) in nodes.enumerated() {
      if case .state(let name) = node.op,
        outputs.contains(where: { $0.isState && $0.name == name })
      {
        reachable[index] = true
      }
    }
    for index in nodes.indices.reversed() where reachable[index] {
      for input in nodes[index].inputs { reachable[input.index] = true }
    }
    return reachable
  }

  /// The graph without the nodes that no output needs, renumbered, in the same order.
  package func compacted() -> Graph {
    let reachable = reachability
    if !reachable.contains(false) { return self }
    var renumbered = [ValueID](repeating: ValueID(0), count: nodes.count)
    var result = Graph(name: name)
    result.nodes.reserveCapacity(reachable.count { $0 })
    for (index, node) in nodes.enumerated() where reachable[index] {
      renumbered[index] = ValueID(result.nodes.count)
      var node = node
      node.inputs = node.inputs.map { renumbered[$0.index] }
      result.nodes.append(node)
    }
    result.outputs = outputs.map {
      Output($0.name, renumbered[$0.value.index], isState: $0.isState)
    }
    return result
  }

  /// Walks the nodes in order and emits each into another graph.
  ///
  /// A pass matches at the *last* node of its pattern: by then every operand of the pattern has a
  /// value in the graph being built. The nodes of the pattern that were copied before and are not
  /// needed any longer are dropped at the end.
  ///
  /// - Parameter body: Called for each node that has no replacement yet. Returns the value that
  ///   takes its place, or nil to copy the node with its operands replaced. The origin of nodes
  ///   emitted by it is the visited node's, unless it sets `builder.origin`.
  /// - Returns: The compacted result, with the same outputs.
  /// - Throws: `GraphError` from the body, or where a copied node no longer fits its operands.
  package func rewritten(
    _ body: (inout GraphRebuilder, ValueID, Node) throws(GraphError) -> ValueID?
  ) throws(GraphError) -> Graph {
    var rebuilder = GraphRebuilder(self)
    for old in values where !rebuilder.isReplaced(old) {
      let node = self[old]
      rebuilder.builder.origin = node.origin
      if let new = try body(&rebuilder, old, node) {
        rebuilder.replace(old, with: new)
      } else {
        try rebuilder.copy(old)
      }
    }
    return rebuilder.finished().compacted()
  }
}

/// A graph being made from another one, with the place of each old value in the result.
package struct GraphRebuilder: Sendable {
  /// The graph that is read.
  package let original: Graph
  /// The graph that is written.
  package var builder: GraphBuilder
  private var replacements: [ValueID?]

  /// An empty result for a graph.
  package init(_ original: Graph) {
    self.original = original
    builder = GraphBuilder(name: original.name)
    replacements = Array(repeating: nil, count: original.nodes.count)
  }

  /// Whether an old value has a place in the result.
  package func isReplaced(_ old: ValueID) -> Bool { replacements[old.index] != nil }

  /// The value of the result that stands for an old value.
  ///
  /// - Precondition: The old value was visited, copied or replaced before.
  package func new(_ old: ValueID) -> ValueID {
    guard let new = replacements[old.index] else {
      preconditionFailure("\(old) is used before it is rebuilt")
    }
    return new
  }

  /// Lets a value of the result stand for an old value; a later node that is replaced so is not
  /// visited any more.
  package mutating func replace(_ old: ValueID, with new: ValueID) {
    replacements[old.index] = new
  }

  /// Copies an old node, its operands replaced, its type inferred again where theirs differ.
  ///
  /// - Throws: `GraphError` when the node does not fit its operands.
  @discardableResult
  package mutating func copy(_ old: ValueID) throws(GraphError) -> ValueID {
    var node = original[old]
    var keepsTypes = true
    for place in node.inputs.indices {
      let (before, after) = (node.inputs[place], new(node.inputs[place]))
      keepsTypes = keepsTypes && builder.type(after) == original.nodes[before.index].type
      if before != after { node.inputs[place] = after }
    }
    let copied: ValueID
    if keepsTypes {
      copied = builder.append(node)
    } else {
      copied = try builder.at(node.origin) { builder throws(GraphError) in
        try builder.append(node.op, node.inputs, as: node.type.dtype)
      }
    }
    replace(old, with: copied)
    return copied
  }

  /// The result with the original's outputs, each the replacement of its value, not compacted.
  package func finished() -> Graph {
    var builder = builder
    for output in original.outputs {
      builder.output(output.name, new(output.value), isState: output.isState)
    }
    return builder.graph
  }
}
