import Tensors

/// Appends nodes to a graph, inferring every type.
package struct GraphBuilder: Sendable {
  /// The graph so far.
  package private(set) var graph: Graph
  /// The origin given to nodes.
  package var origin = Origin("")

  /// A builder of an empty graph.
  package init(name: String) { graph = Graph(name: name) }

  /// A builder that appends to a graph.
  package init(extending graph: Graph) { self.graph = graph }

  /// The type of a value.
  package func type(_ value: ValueID) -> TensorType { graph.nodes[value.index].type }

  /// The shape of a value.
  package func shape(_ value: ValueID) -> Shape { graph.nodes[value.index].type.shape }

  /// Runs a body whose nodes come from the given spec key.
  package mutating func at<Result>(
    _ origin: Origin, _ body: (inout GraphBuilder) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    let outer = self.origin
    self.origin = origin
    defer { self.origin = outer }
    return try body(&self)
  }

  /// Appends an input, a state or a parameter of a declared type.
  package mutating func source(_ op: Op, _ type: TensorType) -> ValueID {
    graph.nodes.append(Node(op, [], type, origin: origin))
    return ValueID(graph.nodes.count - 1)
  }

  /// Appends an op whose type follows from its operands.
  ///
  /// - Parameter dtype: The element type, where the op can round its result; nil takes the inferred.
  /// - Throws: `GraphError` when the operands or the element type do not fit.
  package mutating func append(
    _ op: Op, _ inputs: [ValueID], as dtype: DType? = nil
  ) throws(GraphError) -> ValueID {
    do throws(GraphError) {
      let inputTypes = inputs.map(type)
      guard let inferred = try op.resultType(inputTypes) else {
        throw GraphError("\(OpInfo(op).name) needs a declared type")
      }
      let type = TensorType(dtype ?? inferred.dtype, inferred.shape)
      guard op.permits(type, inferred: inferred, inputTypes) else {
        throw GraphError("\(OpInfo(op).name) makes \(inferred), not \(type)")
      }
      graph.nodes.append(Node(op, inputs, type, origin: origin))
      return ValueID(graph.nodes.count - 1)
    } catch {
      throw GraphError(error.message, origin: origin)
    }
  }

  /// Appends a node as it is.
  ///
  /// - Precondition: Earlier nodes make its operands, and its type is the one that follows from them.
  package mutating func append(_ node: Node) -> ValueID {
    graph.nodes.append(node)
    return ValueID(graph.nodes.count - 1)
  }

  /// Declares a value an output.
  package mutating func output(_ name: String, _ value: ValueID, isState: Bool = false) {
    graph.outputs.append(Output(name, value, isState: isState))
  }
}

extension GraphBuilder {
  /// A tensor that the caller provides.
  package mutating func input(_ name: String, _ type: TensorType) -> ValueID {
    source(.input(name), type)
  }

  /// A named parameter.
  package mutating func parameter(_ name: String, _ dimensions: [Int]) -> ValueID {
    source(.parameter([name]), .f32(dimensions))
  }

  /// A literal.
  package mutating func constant(_ tensor: Tensor) -> ValueID {
    source(.constant(tensor), tensor.type)
  }

  /// A scalar literal.
  package mutating func scalar(_ value: Double) -> ValueID {
    constant(Tensor([], [Float(value)]))
  }

  /// A literal made by a formula.
  package mutating func table(_ table: Table) -> ValueID { source(.table(table), table.type) }

  /// `a · b`, or with `transposeB` `a · bᵀ`.
  package mutating func matmul(
    _ a: ValueID, _ b: ValueID, transposeA: Bool = false, transposeB: Bool = false
  ) throws(GraphError) -> ValueID {
    try append(.matmul(transposeA: transposeA, transposeB: transposeB), [a, b])
  }

  /// An element-wise function of one operand.
  package mutating func unary(_ op: UnaryOp, _ x: ValueID) throws(GraphError) -> ValueID {
    try append(.unary(op), [x])
  }

  /// An element-wise function of two operands.
  package mutating func binary(
    _ op: BinaryOp, _ a: ValueID, _ b: ValueID
  ) throws(GraphError) -> ValueID {
    try append(.binary(op), [a, b])
  }

  /// `a + b`.
  package mutating func add(_ a: ValueID, _ b: ValueID) throws(GraphError) -> ValueID {
    try binary(.add, a, b)
  }

  /// `a - b`.
  package mutating func subtract(_ a: ValueID, _ b: ValueID) throws(GraphError) -> ValueID {
    try binary(.subtract, a, b)
  }

  /// `a * b`.
  package mutating func multiply(_ a: ValueID, _ b: ValueID) throws(GraphError) -> ValueID {
    try binary(.multiply, a, b)
  }

  /// The same elements under another shape; the value itself when the shape is its own.
  package mutating func reshape(
    _ x: ValueID, _ dimensions: [Int]
  ) throws(GraphError) -> ValueID {
    shape(x).dimensions == dimensions ? x : try append(.reshape(dimensions), [x])
  }

  /// The value with its axes exchanged.
  package mutating func permute(_ x: ValueID, _ axes: [Int]) throws(GraphError) -> ValueID {
    try append(.permute(axes), [x])
  }

  /// Some entries of an axis.
  package mutating func slice(
    _ x: ValueID, axis: Int, start: Int, count: Int
  ) throws(GraphError) -> ValueID {
    try append(.slice(axis: axis, start: start, count: count), [x])
  }

  /// Values joined along an axis; the value itself when there is one.
  package mutating func concat(_ values: [ValueID], axis: Int) throws(GraphError) -> ValueID {
    values.count == 1 ? values[0] : try append(.concat(axis: axis), values)
  }
}
