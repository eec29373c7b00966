import CKernels
import GraphIR
import Kernels
import Tensors

extension KernelCallBuilder {
  /// Appends a reduction over whole axes, of the product of two operands where there are two.
  mutating func addReduce(_ id: ValueID, _ function: ReduceOp, axes: [Int]) throws {
    let operand = graph[id].inputs[0]
    let shape = shape(operand)
    func layout(_ axes: [Int]) throws -> StridedLayout {
      let layout = StridedLayout(
        extents: axes.map { shape[$0] }, strides: [axes.map { shape.strides[$0] }])
      guard layout.rank <= Int(DTH_MAX_RANK) else {
        throw RuntimeError("\(id) reduces over more than \(DTH_MAX_RANK) axes")
      }
      return layout
    }
    let kept = try layout((0..<shape.rank).filter { !axes.contains($0) })
    let reduced = try layout(axes)
    var arguments = dth_reduce_args()
    arguments.reduction = function.kernelReduction
    arguments.kept_rank = Int32(kept.rank)
    arguments.reduced_rank = Int32(reduced.rank)
    setElements(of: &arguments.kept_dims, to: kept.extents.map(Int64.init))
    setElements(of: &arguments.kept_strides, to: kept.strides[0].map(Int64.init))
    setElements(of: &arguments.reduced_dims, to: reduced.extents.map(Int64.init))
    setElements(of: &arguments.reduced_strides, to: reduced.strides[0].map(Int64.init))
    let factor = graph[id].inputs.count == 2 ? KernelOperand.value(graph[id].inputs[1]) : .absent
    append(.reduce(arguments), [.value(id), .value(operand), factor])
  }
}

extension ReduceOp {
  /// The function's name in the kernels.
  fileprivate var kernelReduction: dth_reduction {
    switch self {
    case .sum: DTH_SUM
    case .mean: DTH_MEAN
    case .max: DTH_MAX
    }
  }
}
