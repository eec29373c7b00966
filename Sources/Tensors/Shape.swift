/// The extents of a tensor's axes, outermost first; row-major.
///
/// A scalar has no axes and one element. Extents are at least 1.
package struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// Extents, outermost axis first.
  package var dimensions: [Int]

  /// A shape of the given extents.
  package init(_ dimensions: [Int]) { self.dimensions = dimensions }

  /// A shape of the given extents.
  package init(arrayLiteral elements: Int...) { dimensions = elements }

  /// The number of axes.
  package var rank: Int { dimensions.count }

  /// The extent of an axis; negative axes count from the innermost (-1).
  package subscript(axis: Int) -> Int {
    dimensions[axis < 0 ? axis + dimensions.count : axis]
  }

  /// The product of the extents.
  ///
  /// - Precondition: The product fits in an `Int`; `checkedElementCount` asks first.
  package var elementCount: Int { dimensions.reduce(1, *) }

  /// The product of the extents, or nil when it overflows or an extent is below 1.
  package var checkedElementCount: Int? {
    var count = 1
    for extent in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow || extent < 1 { return nil }
      count = product
    }
    return count
  }

  /// The row-major distance, in elements, between neighbours along each axis.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  /// The shape both broadcast to by NumPy's rule, or nil when they do not.
  package func broadcast(with other: Shape) -> Shape? {
    let rank = max(self.rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for axis in 1...max(rank, 1) where axis <= rank {
      let a = axis <= self.rank ? self[-axis] : 1
      let b = axis <= other.rank ? other[-axis] : 1
      if a != b && a != 1 && b != 1 { return nil }
      result[rank - axis] = max(a, b)
    }
    return Shape(result)
  }

  /// Extents joined by commas, as in `[2,3,4]`.
  package var description: String {
    "[" + dimensions.map(String.init).joined(separator: ",") + "]"
  }
}
