import CKernels
import GraphIR
import Tensors

extension KernelCallBuilder {
  /// Appends an operand repeated to a shape.
  mutating func addBroadcast(_ id: ValueID) throws {
    let operand = graph[id].inputs[0]
    try addMovement(id, from: operand, strides: shape(operand).broadcastStrides(to: shape(id)))
  }

  /// Appends an operand with its axes exchanged.
  mutating func addPermute(_ id: ValueID, _ axes: [Int]) throws {
    let operand = graph[id].inputs[0]
    let strides = shape(operand).strides
    try addMovement(id, from: operand, strides: axes.map { strides[$0] })
  }

  /// Appends a piece of an operand whose elements are not neighbours.
  mutating func addSlice(_ id: ValueID, axis: Int, start: Int) throws {
    let operand = graph[id].inputs[0]
    let strides = shape(operand).strides
    let byteOffset = start * strides[axis] * graph[operand].type.dtype.byteCount
    try addMovement(id, from: operand, byteOffset: byteOffset, strides: strides)
  }

  /// Appends operands side by side: a copy each, which do not wait for one another.
  mutating func addConcat(_ id: ValueID, axis: Int) throws {
    let strides = shape(id).strides
    let byteStride = strides[axis] * graph[id].type.dtype.byteCount
    var start = 0
    let inputs = graph[id].inputs
    for (index, operand) in inputs.enumerated() {
      let piece = shape(operand)
      try addElementwise(
        [.copy], extents: piece.dimensions,
        result: (.value(id, byteOffset: start * byteStride), strides),
        inputs: [(.value(operand), piece.strides)], of: id,
        endsWithBarrier: index == inputs.count - 1)
      start += piece[axis]
    }
  }

  /// Appends rows of a table.
  mutating func addGather(_ id: ValueID) {
    let inputs = graph[id].inputs
    let table = shape(inputs[0])
    var arguments = dth_gather_args()
    arguments.count = Int64(shape(inputs[1]).elementCount)
    arguments.rows = Int64(table[0])
    arguments.width = Int64(table[1])
    arguments.table_stride = Int64(table[1])
    arguments.result_stride = Int64(table[1])
    append(.gather(arguments), [.value(id), .value(inputs[0]), .value(inputs[1])])
  }

  /// Appends a copy of strided elements to a value.
  mutating func addMovement(
    _ id: ValueID, from operand: ValueID, byteOffset: Int = 0, strides: [Int]
  ) throws {
    let shape = shape(id)
    try addElementwise(
      [.copy], extents: shape.dimensions, result: (.value(id), shape.strides),
      inputs: [(.value(operand, byteOffset: byteOffset), strides)], of: id)
  }
}
