import GraphIR
import Tensors

/// A buffer's place in the arena.
package struct BufferAssignment: Sendable, Hashable {
  /// The value written there first; values computed in place follow it.
  package var value: ValueID
  /// Where it starts; a multiple of 64.
  package var byteOffset: Int
  /// Its size; a multiple of 64.
  package var byteCount: Int
  /// When its bytes must not be disturbed.
  package var range: LiveRange

  /// An assignment.
  package init(value: ValueID, byteOffset: Int, byteCount: Int, range: LiveRange) {
    self.value = value
    self.byteOffset = byteOffset
    self.byteCount = byteCount
    self.range = range
  }
}

/// Where the bytes of a value are, relative to its home.
package struct ValueLocation: Sendable, Hashable {
  /// The memory that holds it.
  package var home: BufferHome
  /// Where it starts within that memory, in bytes.
  package var byteOffset: Int
  /// How far it moves with each step, in bytes.
  package var stepByteStride: Int

  /// A location.
  package init(home: BufferHome, byteOffset: Int, stepByteStride: Int) {
    self.home = home
    self.byteOffset = byteOffset
    self.stepByteStride = stepByteStride
  }
}

/// An output that is copied to its own memory after the last node.
package struct OutputCopy: Sendable, Hashable {
  /// The output, by number.
  package var output: Int
  /// The value copied.
  package var source: ValueID
  /// A buffer of the arena, where another copy reads what this one replaces.
  ///
  /// Such outputs are saved there before any copy, and leave it after the others.
  package var stagingBuffer: Int?

  /// A copy.
  package init(output: Int, source: ValueID, stagingBuffer: Int? = nil) {
    self.output = output
    self.source = source
    self.stagingBuffer = stagingBuffer
  }
}

/// Every byte that one run of a graph uses outside its caller's memory.
package struct MemoryPlan: Sendable, Hashable {
  /// By value; nil for weights that are read from panels alone.
  package var locations: [ValueLocation?]
  /// The buffers of the arena; `BufferHome.arena` numbers them.
  package var assignments: [BufferAssignment]
  /// The copies after the last node, in order.
  package var copies: [OutputCopy]
  /// The weights kept in memory, each once, in the order of their nodes.
  package var weights: [StoredWeight]
  /// The size of the arena; a multiple of 64.
  package var arenaByteCount: Int
  /// The largest sum of the sizes of buffers alive at one node; no arena can be smaller.
  package var lowerBoundByteCount: Int
  /// The node at which that sum is largest; nil when the arena is empty.
  package var peakNode: Int?
  /// The largest buffer alive there.
  package var peakValue: ValueID?
  /// How many nodes overwrite an operand.
  package var inPlaceCount: Int

  /// The arena's size over the bound; 1 where nothing is needed.
  package var ratio: Double {
    lowerBoundByteCount == 0 ? 1 : Double(arenaByteCount) / Double(lowerBoundByteCount)
  }

  /// The size of the kept weights.
  package var weightByteCount: Int { weights.reduce(0) { $0 + $1.byteCount } }
}
