import GraphIR
import Tensors

/// What a training computes twice, so that it need not keep it from the forward pass for the
/// backward pass; each takes less memory and more time than the one before.
package enum Recomputation: String, Sendable, Hashable, CaseIterable {
  /// Nothing.
  case none
  /// Large results of activation functions whose operands are kept anyhow.
  case activations
  /// Large values that element-wise functions and norms make of others that are kept anyhow.
  case elementwise
  /// Everything within a block of the stack but what other blocks read.
  ///
  /// - Source: Chen, Xu, Zhang and Guestrin, Training Deep Nets with Sublinear Memory Cost (arXiv
  ///   1604.06174), section 3.
  case blocks
}

extension Graph {
  /// The graph of a loss and its gradients that computes values of the forward pass again where
  /// the backward pass reads them.
  ///
  /// The results are the same to the bit, until passes fuse one of the copies otherwise. Copies
  /// stand before their first reader; merging common subexpressions afterwards would undo it.
  ///
  /// - Parameter loss: The name of the output that the forward pass ends with.
  /// - Throws: `GraphError` when there is no such output.
  package func recomputing(
    _ what: Recomputation, loss: String
  ) throws(GraphError) -> Graph {
    if what == .none { return self }
    guard let end = output(named: loss) else {
      throw GraphError("there is no output '\(loss)'")
    }
    var writer = RecomputingWriter(self, ForwardPass(self, end: end, what))
    for id in values { try writer.emit(id) }
    return writer.rebuilder.finished().compacted()
  }
}

/// The nodes that the loss is made of, and which of them are computed twice.
private struct ForwardPass {
  /// Whether a value is part of it, by index.
  private(set) var contains: [Bool]
  /// Whether the backward pass computes a value again, by index.
  private(set) var isRecomputed: [Bool]

  /// The fewest elements of a value that is worth a second computation.
  private static let fewestElements = 16_384

  init(_ graph: Graph, end: ValueID, _ what: Recomputation) {
    contains = Array(repeating: false, count: graph.nodes.count)
    isRecomputed = contains
    contains[end.index] = true
    for index in graph.nodes.indices.reversed() where contains[index] {
      for input in graph.nodes[index].inputs { contains[input.index] = true }
    }
    // Values that the backward pass reads, and those that stay because another block reads them.
    var isRead = [Bool](repeating: false, count: graph.nodes.count)
    var isBoundary = isRead
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs where contains[input.index] {
        if !contains[index] {
          isRead[input.index] = true
        } else if graph[input].origin.block != node.origin.block {
          isBoundary[input.index] = true
        }
      }
    }
    for output in graph.outputs { isBoundary[output.value.index] = true }
    // Whether a value can be had in the backward pass without keeping anything for it alone.
    var isAvailable = [Bool](repeating: false, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() where contains[index] {
      if node.inputs.isEmpty || isBoundary[index] {
        isAvailable[index] = true
        continue
      }
      let isWithinBlock = what == .blocks && node.origin.block != nil
      let isMade =
        (isWithinBlock || (what == .activations ? node.op.isActivation : node.op.isCheap))
        && node.inputs.allSatisfy { isAvailable[$0.index] }
      let isWorthIt =
        isWithinBlock || node.type.shape.elementCount >= Self.fewestElements
      isRecomputed[index] = isMade && (isWorthIt || !isRead[index])
      isAvailable[index] = isMade || isRead[index]
    }
  }
}

/// Copies a graph, with copies of recomputed values in its backward part.
private struct RecomputingWriter {
  var rebuilder: GraphRebuilder
  private let forward: ForwardPass
  private var copies: [ValueID: ValueID] = [:]

  init(_ graph: Graph, _ forward: ForwardPass) {
    rebuilder = GraphRebuilder(graph)
    self.forward = forward
  }

  mutating func emit(_ id: ValueID) throws(GraphError) {
    if forward.contains[id.index] {
      try rebuilder.copy(id)
      return
    }
    var node = rebuilder.original[id]
    for place in node.inputs.indices { node.inputs[place] = again(node.inputs[place]) }
    rebuilder.replace(id, with: rebuilder.builder.append(node))
  }

  /// The value that the backward pass reads in place of one of the original.
  private mutating func again(_ id: ValueID) -> ValueID {
    guard forward.isRecomputed[id.index] else { return rebuilder.new(id) }
    if let copy = copies[id] { return copy }
    var node = rebuilder.original[id]
    for place in node.inputs.indices { node.inputs[place] = again(node.inputs[place]) }
    let copy = rebuilder.builder.append(node)
    copies[id] = copy
    return copy
  }
}

extension Op {
  fileprivate var isActivation: Bool {
    if case .unary(let function) = self { function.isActivation } else { false }
  }

  /// Whether it takes about as long as reading its operands.
  fileprivate var isCheap: Bool {
    switch self {
    case .unary, .binary, .layerNorm, .rmsNorm, .reshape, .broadcast, .permute, .slice: true
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .softmax, .groupNorm,
      .convolution, .upsample, .reduce, .gather, .concat, .cast, .linear, .patchLinear, .affine,
      .normAffine, .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue, .gatedAdd, .attention,
      .chain:
      false
    }
  }
}
