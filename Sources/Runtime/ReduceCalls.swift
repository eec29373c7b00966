import CKernels
import GraphIR
import Tensors

extension KernelCallBuilder {
  /// Appends a reduction over whole axes.
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
    fill(&arguments.kept_dims, kept.extents.map(Int64.init))
    fill(&arguments.kept_strides, kept.strides[0].map(Int64.init))
    fill(&arguments.reduced_dims, reduced.extents.map(Int64.init))
    fill(&arguments.reduced_strides, reduced.strides[0].map(Int64.init))
    append(.reduce(arguments), [.value(id), .value(operand)])
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
