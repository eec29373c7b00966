import GraphIR

/// A transformation of a graph that changes its cost, never its results beyond rounding.
///
/// A pass holds no state, decides in the order of the nodes, leaves no dead nodes, and finds nothing
/// more to do when it is run on its own result. Dead nodes in its input count as consumers.
package struct Pass: Sendable {
  /// The pass in reports, kebab-case; also the kind of its fusions.
  package let name: String
  /// What it does, in one line.
  package let summary: String
  /// Transforms a graph.
  package let run: @Sendable (Graph) throws(GraphError) -> PassResult

  /// A pass of a name, a summary and a function.
  package init(
    name: String, summary: String,
    run: @escaping @Sendable (Graph) throws(GraphError) -> PassResult
  ) {
    self.name = name
    self.summary = summary
    self.run = run
  }
}

/// What a pass, or a list of passes, made of a graph.
package struct PassResult: Sendable {
  /// The transformed graph.
  package var graph: Graph
  /// What was done, in the order of the passes and of the nodes.
  package var made: [Fusion]
  /// What was looked at and left alone, in the same order.
  package var refused: [Refusal]

  /// A result.
  package init(graph: Graph, made: [Fusion], refused: [Refusal]) {
    self.graph = graph
    self.made = made
    self.refused = refused
  }
}

/// One thing that a pass did, over all blocks that come from one key of the spec.
package struct Fusion: Sendable, Hashable {
  /// The name of the pass.
  package var kind: String
  /// The spec key of the nodes; empty when no key is responsible.
  package var at: String
  /// How often it was done there.
  package var count: Int

  /// A fusion.
  package init(kind: String, at: String, count: Int) {
    self.kind = kind
    self.at = at
    self.count = count
  }
}

/// One thing that a pass could not do, and why.
package struct Refusal: Sendable, Hashable {
  /// The name of the pass.
  package var kind: String
  /// The spec key and the block of the node that would have been fused.
  package var at: Origin
  /// Why, naming the value in the way: "`%12` (blocks[0].sublayers[0]@3) has 2 consumers".
  package var reason: String

  /// A refusal.
  package init(kind: String, at: Origin, reason: String) {
    self.kind = kind
    self.at = at
    self.reason = reason
  }
}

/// Why a pattern does not hold at a node; the reason of a `Refusal`.
struct Mismatch: Error {
  /// The reason.
  let reason: String

  /// A mismatch for the given reason.
  init(_ reason: String) { self.reason = reason }
}
