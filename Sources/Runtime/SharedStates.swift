import GraphIR
import Planning
import Tensors

/// States that several executables read and replace in turn, such as the parameters of a training.
///
/// No two executables may run at the same time; each sees what the one before left.
package final class SharedStates {
  /// The states, in the order given.
  package let tensors: [NamedTensor]
  /// The bytes of all of them.
  package let byteCount: Int

  private let block: MemoryBlock
  private let slots: [String: TensorSlot]

  /// States of the given names and types, zero at first.
  ///
  /// - Precondition: Names are unique, types `f32`.
  /// - Throws: `RuntimeError` when there is no memory.
  package init(_ tensors: [NamedTensor]) throws {
    self.tensors = tensors
    byteCount = tensors.reduce(0) { $0 + alignedByteCount($1.type.byteCount) }
    block = try MemoryBlock(byteCount: byteCount, for: "states")
    var slots: [String: TensorSlot] = [:]
    var offset = 0
    for tensor in tensors {
      slots[tensor.name] = TensorSlot(type: tensor.type, base: block.base + offset)
      offset += alignedByteCount(tensor.type.byteCount)
    }
    precondition(slots.count == tensors.count, "two states have one name")
    self.slots = slots
  }

  /// The memory of a state; nil when there is none of the name.
  func slot(_ name: String) -> TensorSlot? { slots[name] }

  /// Lends the elements of a state, row-major; nil when there is none of the name.
  package func withElements<R, E: Error>(
    of name: String, _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R? {
    guard let slot = slots[name] else { return nil }
    let base = slot.base.assumingMemoryBound(to: Float.self)
    return try body(
      UnsafeMutableBufferPointer(start: base, count: slot.type.shape.elementCount))
  }

  /// A copy of a state; nil when there is none of the name.
  package func tensor(_ name: String) -> Tensor? { slots[name]?.load() }
}
