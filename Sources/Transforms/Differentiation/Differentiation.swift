import GraphIR
import Tensors

/// The graph with the gradients of a scalar output appended: reverse-mode differentiation.
///
/// For each parameter an output `gradient.NAME` of the parameter's shape is added: the derivative of
/// the loss by each of its elements, zero where the loss does not depend on it. The given nodes keep
/// their place, and primitive ops and the gradients of attentions are appended. Nodes on no path from a wanted parameter to the loss
/// get none, so frozen parts cost nothing.
///
/// - Parameters:
///   - graph: A graph of primitive ops and attentions of three operands.
///   - loss: The name of an output of one element.
///   - parameters: Names of parameters of the graph, each read as a whole.
///   - held: Names of outputs that are taken for constants.
/// - Throws: `GraphError` when the loss, a held output or a parameter does not exist, and for an op on the path
///   that has no rule: other fused ops, `reduce_max`, `step_row`, `gather` from a table of over
///   `Cotangents.maximumTableRowCount` rows, and a parameter read joined with others.
/// - Source: Griewank and Walther, Evaluating Derivatives (SIAM, 2008), chapter 3.
package func differentiated(
  _ graph: Graph, loss: String, withRespectTo parameters: [String], holding held: [String] = []
) throws(GraphError) -> Graph {
  guard let lossValue = graph.output(named: loss) else {
    throw GraphError("there is no output '\(loss)' to differentiate")
  }
  guard graph[lossValue].type.shape.elementCount == 1 else {
    throw GraphError("the loss '\(loss)' is \(graph[lossValue].type), not one element")
  }
  let wanted = Set(parameters)
  var constants: Set<ValueID> = []
  for name in held {
    guard let value = graph.output(named: name) else {
      throw GraphError("there is no output '\(name)' to hold")
    }
    constants.insert(value)
  }
  var cotangents = Cotangents(
    graph, isWanted: try pathsFromParameters(graph, wanted, but: constants))
  try cotangents.seed(lossValue)
  for id in graph.values.reversed() { try cotangents.propagate(id) }
  return try cotangents.graph(withGradientsOf: parameters)
}

/// Which values depend on a wanted parameter, by index; constants do not.
private func pathsFromParameters(
  _ graph: Graph, _ wanted: Set<String>, but constants: Set<ValueID>
) throws(GraphError) -> [Bool] {
  var depends: [Bool] = []
  for (index, node) in graph.nodes.enumerated() {
    if case .parameter(let parts) = node.op, let part = parts.first(where: wanted.contains) {
      guard parts.count == 1 else {
        throw GraphError(
          "parameter '\(part)' is joined with others; differentiate before passes",
          origin: node.origin)
      }
      depends.append(true)
    } else {
      depends.append(
        node.inputs.contains { depends[$0.index] } && !constants.contains(ValueID(index)))
    }
  }
  return depends
}

/// The derivatives of the loss by the values of a graph, as they are found from the loss backwards.
struct Cotangents {
  /// The largest table whose rows `gather` is differentiated by; the rule multiplies by a matrix of
  /// `rows x ids`.
  static let maximumTableRowCount = 4096

  private let original: Graph
  private let isWanted: [Bool]
  /// The given graph, extended.
  var builder: GraphBuilder
  /// The pieces of cotangents that slices leave, by value.
  var pieces: [[CotangentPiece]]
  private var cotangents: [ValueID?]

  init(_ graph: Graph, isWanted: [Bool]) {
    original = graph
    self.isWanted = isWanted
    builder = GraphBuilder(extending: graph)
    pieces = Array(repeating: [], count: graph.nodes.count)
    cotangents = Array(repeating: nil, count: graph.nodes.count)
  }

  /// Sets the derivative of the loss by itself, 1.
  mutating func seed(_ loss: ValueID) throws(GraphError) {
    guard isWanted[loss.index] else { return }
    builder.origin = original[loss].origin
    cotangents[loss.index] = builder.constant(Tensor(original[loss].type, [1]))
  }

  /// Adds what a node passes on to its operands.
  ///
  /// Every user of the node comes before it in this order, so its own cotangent is complete.
  mutating func propagate(_ id: ValueID) throws(GraphError) {
    let node = original[id]
    builder.origin = node.origin
    for whole in try builder.wholes(of: pieces[id.index], node.type.shape) {
      try add(whole, to: id)
    }
    guard let cotangent = cotangents[id.index] else { return }
    for (place, operand) in node.inputs.enumerated() where isWanted[operand.index] {
      if let contribution = try contribution(to: place, of: node, id, cotangent) {
        try add(contribution, to: operand)
      }
    }
  }

  private mutating func add(_ part: ValueID, to id: ValueID) throws(GraphError) {
    cotangents[id.index] =
      if let sum = cotangents[id.index] { try builder.add(sum, part) } else { part }
  }

  /// The extended graph with an output per parameter.
  ///
  /// - Throws: `GraphError` for a parameter that the graph does not have.
  func graph(withGradientsOf parameters: [String]) throws(GraphError) -> Graph {
    var builder = builder
    var readers: [String: [ValueID]] = [:]
    for (index, node) in original.nodes.enumerated() {
      if case .parameter(let parts) = node.op, parts.count == 1 {
        readers[parts[0], default: []].append(ValueID(index))
      }
    }
    for name in parameters {
      guard let readers = readers[name], let first = readers.first else {
        throw GraphError("there is no parameter '\(name)' to differentiate by")
      }
      builder.origin = original[first].origin
      let parts = readers.compactMap { cotangents[$0.index] }
      var gradient: ValueID
      if let part = parts.first {
        gradient = part
        for other in parts.dropFirst() { gradient = try builder.add(gradient, other) }
      } else {
        gradient = try builder.zeros(builder.shape(first))
      }
      builder.output("gradient.\(name)", gradient)
    }
    return builder.graph
  }
}

extension GraphBuilder {
  /// Zeros of a shape.
  mutating func zeros(_ shape: Shape) throws(GraphError) -> ValueID {
    let zero = scalar(0)
    return shape.rank == 0 ? zero : try append(.broadcast(shape.dimensions), [zero])
  }

  /// The sum over the axes that broadcasting has repeated, back to the shape before it.
  mutating func sum(_ x: ValueID, to target: Shape) throws(GraphError) -> ValueID {
    let shape = shape(x)
    let lead = shape.rank - target.rank
    let repeated = (0..<shape.rank).filter { axis in
      axis < lead || (target[axis - lead] == 1 && shape[axis] != 1)
    }
    let sum = repeated.isEmpty ? x : try append(.reduce(.sum, axes: repeated), [x])
    return try reshape(sum, target.dimensions)
  }

  /// A reduction whose axes stay, with extent 1.
  mutating func keeping(
    _ function: ReduceOp, axes: [Int], of x: ValueID
  ) throws(GraphError) -> ValueID {
    var dimensions = shape(x).dimensions
    for axis in axes { dimensions[axis] = 1 }
    return try reshape(append(.reduce(function, axes: axes), [x]), dimensions)
  }

  /// A value times a number.
  mutating func multiply(_ x: ValueID, by factor: Double) throws(GraphError) -> ValueID {
    try multiply(x, scalar(factor))
  }
}
