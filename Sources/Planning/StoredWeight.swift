import GraphIR
import Tensors

/// A parameter or literal as it is kept in memory, once for all stages.
package struct StoredWeight: Sendable, Hashable {
  /// What the bytes come from.
  package enum Source: Sendable, Hashable {
    /// A parameter, its parts joined along their first axis, and its shape in the graph.
    case parameter([String], Shape)
    /// A `constant` or a `table`.
    case literal(Op)
  }

  /// How the elements are laid out.
  package typealias Layout = StorageLayout

  /// What the bytes come from.
  package var source: Source
  /// How they are laid out.
  package var layout: Layout

  /// A weight in a layout.
  package init(source: Source, layout: Layout) {
    self.source = source
    self.layout = layout
  }

  /// The bytes it occupies, rounded up to 64.
  package var byteCount: Int { layout.byteCount(elementCount: source.elementCount) }
}

extension StoredWeight.Source {
  /// The number of elements.
  package var elementCount: Int {
    switch self {
    case .parameter(_, let shape): shape.elementCount
    case .literal(.constant(let tensor)): tensor.type.shape.elementCount
    case .literal(.table(let table)): table.type.shape.elementCount
    case .literal: 0
    }
  }
}

/// The right-hand matrix of a product with a stored weight.
package struct PackedOperand: Sendable, Hashable {
  /// Its place among the node's operands.
  package var place: Int
  /// The stored panels.
  package var weight: StoredWeight
}

extension Graph {
  /// How a source is identified among stored weights; nil for anything else.
  package func storedSource(of id: ValueID) -> StoredWeight.Source? {
    let node = self[id]
    switch node.op {
    case .parameter(let parts): return .parameter(parts, node.type.shape)
    case .constant, .table: return .literal(node.op)
    case .input, .state, .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce,
      .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear,
      .affine,
      .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample,
      .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
      .reduceProduct, .attentionGradient, .convolutionEpilogue:
      return nil
    }
  }

  /// The operand of a node that is read from panels packed at load.
  ///
  /// That is the weight of `linear` and `patch_linear`, the right operand `[n, k]` of a `matmul` that
  /// reads it transposed, and the kernels of a convolution, whose k is the elements of one; where it
  /// is the whole of a parameter or a literal. Panels hold the element type in which the node
  /// multiplies.
  package func packedOperand(of id: ValueID) -> PackedOperand? {
    let node = self[id]
    let isConvolution = node.op.isConvolution
    guard let place = isConvolution ? 1 : node.op.weightPlace else { return nil }
    let type = self[node.inputs[place]].type
    let root = storageRoot(of: node.inputs[place])
    guard type.shape.rank == (isConvolution ? 4 : 2), covers(root, by: node.inputs[place]),
      let source = storedSource(of: root.operand)
    else { return nil }
    let isShort = node.op.multipliesShort(node.inputs.map { self[$0].type })
    let layout = StoredWeight.Layout.panels(
      n: type.shape[0], k: type.shape.elementCount / type.shape[0], isShort ? .bf16 : .f32)
    return PackedOperand(place: place, weight: StoredWeight(source: source, layout: layout))
  }
}
