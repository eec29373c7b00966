import GraphIR
import Tensors

extension Graph {
  /// The operands over which a node may write its result, by place.
  ///
  /// An operand qualifies when the kernel reads each of its elements before writing the same
  /// element of the result, and never after. Two qualifying operands may be the same bytes.
  package func inPlaceOperands(of id: ValueID) -> [Int] {
    let node = self[id]
    let count = node.type.shape.elementCount
    func alike(_ places: some Sequence<Int>) -> [Int] {
      places.filter { place in
        let operand = self[node.inputs[place]].type
        return operand.shape.elementCount == count && operand.dtype == node.type.dtype
      }
    }
    switch node.op {
    case .unary, .softmax, .layerNorm, .normAffine, .rmsNorm, .groupNorm,
      .rmsNormScale,
      .groupNormAffine:
      return alike([0])
    case .softmaxGradient:
      return alike([0, 1])
    case .normGradient(_, let scale, let residual):
      return alike([0, 1] + (residual ? [scale ? 3 : 2] : []))
    case .binary, .affine, .gatedAdd, .chain:
      return alike(node.inputs.indices)
    case .linear(let epilogue), .patchLinear(_, let epilogue),
      .convolutionEpilogue(_, let epilogue):
      // Its tiles are stored once, complete, so the residual under a tile is read just before.
      return epilogue.residual && epilogue.isSingleKernel
        ? alike([epilogue.operandCount - 1]) : []
    case .input, .state, .parameter, .constant, .table, .stepRow, .matmul, .reduce, .gather,
      .reshape, .broadcast, .permute, .slice, .concat, .cast, .attention, .convolution, .upsample,
      .reduceProduct, .attentionGradient:
      return []
    }
  }
}
