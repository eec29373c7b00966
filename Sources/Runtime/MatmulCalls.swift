import CKernels
import GraphIR
import Kernels
import Planning
import Tensors

extension KernelCallBuilder {
  /// Appends a product of matrices over any leading axes.
  ///
  /// - Throws: `RuntimeError` when the leading axes cannot be walked with the kernel's four.
  mutating func addMatmul(_ id: ValueID, transposeA: Bool, transposeB: Bool) throws {
    if let packed = graph.packedOperand(of: id) { return addPackedMatmul(id, packed) }
    let inputs = graph[id].inputs
    let (a, b, result) = (shape(inputs[0]), shape(inputs[1]), shape(id))
    let batch = Shape(Array(result.dimensions.dropLast(2)))
    func batchStrides(_ shape: Shape) -> [Int] {
      let leading = Shape(Array(shape.dimensions.dropLast(2)))
      let matrix = shape[-1] * shape[-2]
      return leading.broadcastStrides(to: batch).map { $0 * matrix }
    }
    var arguments = dth_matmul_args()
    arguments.m = Int64(result[-2])
    arguments.n = Int64(result[-1])
    arguments.k = Int64(transposeA ? a[-2] : a[-1])
    arguments.a_row_stride = Int64(transposeA ? 1 : a[-1])
    arguments.a_column_stride = Int64(transposeA ? a[-1] : 1)
    arguments.b_row_stride = Int64(transposeB ? 1 : b[-1])
    arguments.b_column_stride = Int64(transposeB ? b[-1] : 1)
    arguments.result_stride = Int64(result[-1])
    var layout = StridedLayout(
      extents: batch.dimensions,
      strides: [batchStrides(a), batchStrides(b), batchStrides(result)])
    // A batch over one right operand is more rows of the left one.
    if let last = layout.extents.indices.last, layout.strides[1][last] == 0,
      layout.strides[0][last] == result[-2] * Int(arguments.a_row_stride)
    {
      arguments.m *= Int64(layout.extents[last])
      layout = StridedLayout(
        extents: layout.extents.dropLast(), strides: layout.strides.map { $0.dropLast() })
    }
    guard layout.rank <= Int(DTH_BATCH_AXES) else {
      throw RuntimeError(
        "\(id) multiplies over \(layout.rank) leading axes; at most \(DTH_BATCH_AXES) are possible")
    }
    let isShort = graph[id].op.multipliesShort(inputs.map { graph[$0].type })
    if !isShort, !transposeA, arguments.m >= leastRowsOfPacking,
      layout.extents.allSatisfy({ $0 == 1 })
    {
      return addPackingMatmul(id, arguments, isTransposed: !transposeB)
    }
    func padded(_ values: [Int], with filler: Int) -> [Int64] {
      [Int64](repeating: Int64(filler), count: Int(DTH_BATCH_AXES) - values.count)
        + values.map(Int64.init)
    }
    setElements(of: &arguments.batch, to: padded(layout.extents, with: 1))
    setElements(of: &arguments.a_batch_strides, to: padded(layout.strides[0], with: 0))
    setElements(of: &arguments.b_batch_strides, to: padded(layout.strides[1], with: 0))
    setElements(of: &arguments.result_batch_strides, to: padded(layout.strides[2], with: 0))
    arguments.a_element = element(inputs[0])
    arguments.b_element = element(inputs[1])
    append(
      .matmul(arguments, isShort ? .bf16 : .f32),
      [.value(id), .value(inputs[0]), .value(inputs[1])])
  }

  /// Appends the packing of a product's right operand, and the product, in f32.
  ///
  /// - Parameter isTransposed: Whether the operand is `[k, n]` rather than `[n, k]`.
  private mutating func addPackingMatmul(
    _ id: ValueID, _ product: dth_matmul_args, isTransposed: Bool
  ) {
    let inputs = graph[id].inputs
    let packing = dth_pack_args(
      n: product.n, k: product.k, transposed: isTransposed, element: DTH_F32)
    append(.pack(packing, .f32), [.packing, .value(inputs[1])])
    var arguments = productArguments(id)
    arguments.k = product.k
    arguments.row_stride = product.k
    append(
      .linear(arguments, .f32),
      [.value(id), .value(inputs[0]), .packing, .absent, .absent, .absent])
  }
}

/// The rows of the left operand from which packing the right one for all of them is worth it.
private let leastRowsOfPacking: Int64 = 256
