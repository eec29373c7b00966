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
  package enum Layout: Sendable, Hashable, CustomStringConvertible {
    /// Row-major, as in the graph.
    case rows
    /// Panels of 32 result columns, the last one padded with zeros: in `f32`
    /// `[n / 32 rounded up][k][32]`; in `bf16` `[n / 32 rounded up][k / 2][32][2]`, with k padded
    /// with zeros to a multiple of 32.
    case panels(n: Int, k: Int, Precision)

    /// As in `rows` and `panels bf16[1152,384]`.
    package var description: String {
      switch self {
      case .rows: "rows"
      case .panels(let n, let k, let precision):
        "panels \(TensorType(precision.dtype, [n, k]))"
      }
    }
  }

  /// The width of a panel.
  package static let panelWidth = 32

  /// The bytes of one panel of a weight `[n, k]`.
  package static func panelByteCount(k: Int, _ precision: Precision) -> Int {
    switch precision {
    case .f32: panelWidth * k * 4
    case .bf16: panelWidth * ((k + 31) / 32 * 32) * 2
    }
  }

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
  package var byteCount: Int {
    switch layout {
    case .rows:
      switch source {
      case .parameter(_, let shape): alignedByteCount(shape.elementCount * 4)
      case .literal(.constant(let tensor)): alignedByteCount(tensor.type.shape.elementCount * 4)
      case .literal(.table(let table)): alignedByteCount(table.type.shape.elementCount * 4)
      case .literal: 0
      }
    case .panels(let n, let k, let precision):
      (n + Self.panelWidth - 1) / Self.panelWidth * Self.panelByteCount(k: k, precision)
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
      .gather, .reshape, .broadcast, .permute, .slice, .concat, .linear, .patchLinear, .affine,
      .normAffine, .gatedAdd, .attention, .chain:
      return nil
    }
  }

  /// The operand of a node that is read from panels packed at load.
  ///
  /// That is the weight of `linear` and `patch_linear`, and the right operand `[n, k]` of a
  /// `matmul` that reads it transposed, where it is the whole of a parameter or a literal.
  package func packedOperand(of id: ValueID) -> PackedOperand? {
    let node = self[id]
    switch node.op {
    case .linear, .patchLinear: break
    case .matmul(let transposeA, let transposeB):
      guard !transposeA, transposeB else { return nil }
    case .input, .state, .parameter, .constant, .table, .stepRow, .unary, .binary, .softmax,
      .layerNorm, .reduce, .gather, .reshape, .broadcast, .permute, .slice, .concat, .affine,
      .normAffine, .gatedAdd, .attention, .chain:
      return nil
    }
    let shape = self[node.inputs[1]].type.shape
    let root = storageRoot(of: node.inputs[1])
    guard shape.rank == 2, covers(root, by: node.inputs[1]),
      let source = storedSource(of: root.operand)
    else { return nil }
    let layout = StoredWeight.Layout.panels(n: shape[0], k: shape[1], .f32)
    return PackedOperand(place: 1, weight: StoredWeight(source: source, layout: layout))
  }
}
