import GraphIR
import Tensors

/// A value's bytes as a piece of another value's bytes, at a fixed offset.
package struct StorageView: Sendable, Hashable {
  /// The operand whose bytes are read.
  package var operand: ValueID
  /// Where the piece starts, in bytes.
  package var byteOffset: Int
  /// How far it moves with each step, in bytes.
  package var stepByteStride: Int
}

extension Graph {
  /// The operand that a value is a contiguous piece of; nil when the value needs computing.
  ///
  /// `reshape` always is one; `slice` where the piece is contiguous; `permute` and `broadcast`
  /// where no element moves; `step_row` with an offset that grows with the step.
  package func storageView(of id: ValueID) -> StorageView? {
    let node = self[id]
    guard let operand = node.inputs.first else { return nil }
    let source = self[operand].type
    if case .stepRow = node.op {
      return StorageView(operand: operand, byteOffset: 0, stepByteStride: node.type.byteCount)
    }
    return node.op.pieceStart(in: source.shape).map {
      StorageView(operand: operand, byteOffset: $0 * source.dtype.byteCount, stepByteStride: 0)
    }
  }

  /// The value at the bottom of a value's views, with the whole offset and stride.
  package func storageRoot(of id: ValueID) -> StorageView {
    var result = StorageView(operand: id, byteOffset: 0, stepByteStride: 0)
    while let view = storageView(of: result.operand) {
      result.operand = view.operand
      result.byteOffset += view.byteOffset
      result.stepByteStride += view.stepByteStride
    }
    return result
  }

  /// Whether a value is the whole of a root, in every step.
  package func covers(_ view: StorageView, by id: ValueID) -> Bool {
    view.byteOffset == 0 && view.stepByteStride == 0
      && self[view.operand].type.byteCount == self[id].type.byteCount
  }
}

extension Op {
  /// Whether the value exists before the graph runs.
  package var isSource: Bool {
    switch self {
    case .input, .state, .parameter, .constant, .table:
      true
    case .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce, .gather, .reshape,
      .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear, .affine, .normAffine,
      .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample, .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
      .convolutionEpilogue:
      false
    }
  }
}

/// Rounds a size up to the 64 bytes on which every buffer starts.
package func alignedByteCount(_ byteCount: Int) -> Int { (byteCount + 63) & ~63 }

extension Graph {
  /// The states by name.
  package var stateValues: [String: ValueID] {
    var result: [String: ValueID] = [:]
    for id in values {
      if case .state(let name) = self[id].op { result[name] = id }
    }
    return result
  }
}
