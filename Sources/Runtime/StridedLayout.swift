import CKernels
import Tensors

/// The axes of a loop nest and how each operand moves along them, in elements.
struct StridedLayout {
  /// Extents, outermost first.
  private(set) var extents: [Int] = []
  /// By operand, the strides along each axis.
  private(set) var strides: [[Int]]

  /// The fewest axes that walk the same elements: axes of extent 1 are dropped, and neighbours are
  /// merged where every operand passes from one to the other without a jump.
  init(extents: [Int], strides: [[Int]]) {
    self.strides = strides.map { _ in [] }
    for axis in extents.indices where extents[axis] != 1 {
      let extent = extents[axis]
      let own = strides.map { $0[axis] }
      let last = self.extents.count - 1
      if last >= 0, own.indices.allSatisfy({ self.strides[$0][last] == own[$0] * extent }) {
        self.extents[last] *= extent
        for operand in own.indices { self.strides[operand][last] = own[operand] }
      } else {
        self.extents.append(extent)
        for operand in own.indices { self.strides[operand].append(own[operand]) }
      }
    }
  }

  /// The number of axes.
  var rank: Int { extents.count }
}

extension Shape {
  /// The strides of an operand of this shape within a broadcast to `target`: 0 along axes over
  /// which it repeats.
  func broadcastStrides(to target: Shape) -> [Int] {
    let own = strides
    let missing = target.rank - rank
    return target.dimensions.indices.map { axis in
      axis < missing || dimensions[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }
}
