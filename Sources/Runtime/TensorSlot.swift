import GraphIR
import Tensors

/// The memory of a tensor that has a name outside the graph.
struct TensorSlot {
  /// The type in the graph: `f32`, or `i32` for ids.
  let type: TensorType
  /// The first element.
  let base: UnsafeMutableRawPointer
  /// Ids must be below; nil where nothing is looked up.
  var idLimit: Int?

  /// Fills the memory.
  ///
  /// - Throws: `RuntimeError` when the shape differs, or an id is no integer or out of range.
  func store(_ tensor: Tensor, as name: @autoclosure () -> String) throws {
    guard tensor.shape == type.shape else {
      throw RuntimeError("\(name()) has the shape \(tensor.shape); it must be \(type.shape)")
    }
    if type.dtype == .i32 {
      try storeIDs(tensor.values, as: name)
    } else {
      let floats = base.assumingMemoryBound(to: Float.self)
      floats.update(from: tensor.values, count: tensor.values.count)
    }
  }

  /// The elements.
  func load() -> Tensor {
    let count = type.shape.elementCount
    if type.dtype == .i32 {
      let ids = base.assumingMemoryBound(to: Int32.self)
      return Tensor(type, (0..<count).map { Float(ids[$0]) })
    }
    let floats = base.assumingMemoryBound(to: Float.self)
    return Tensor(type, Array(UnsafeBufferPointer(start: floats, count: count)))
  }

  private func storeIDs(_ values: [Float], as name: () -> String) throws {
    for value in values {
      guard let id = Int32(exactly: value) else {
        throw RuntimeError("\(name()) holds \(value), which is not an integer")
      }
      if let idLimit, !(0..<idLimit).contains(Int(id)) {
        throw RuntimeError("\(name()) holds \(id); it must be from 0 to \(idLimit - 1)")
      }
    }
    let ids = base.assumingMemoryBound(to: Int32.self)
    for (index, value) in values.enumerated() { ids[index] = Int32(value) }
  }
}
