import Foundation

/// A positive function known at the points of a grid, and by power laws between them.
///
/// Within a cell of the grid the logarithm of the value is linear in the logarithm of each
/// coordinate. Below the grid the value is that of its edge.
package struct SampledFunction: Sendable, Hashable {
  /// By axis the coordinates of the grid, increasing and positive; a constant has no axis.
  package let axes: [[Double]]
  /// The values, positive, the last axis innermost.
  package let values: [Double]

  /// A function; nil where the numbers are no such grid.
  package init?(axes: [[Double]], values: [Double]) {
    let count = axes.reduce(1) { $0 * $1.count }
    guard values.count == count, (axes.joined() + values).allSatisfy({ $0 > 0 && $0.isFinite }),
      axes.allSatisfy({ !$0.isEmpty && zip($0, $0.dropFirst()).allSatisfy(<) })
    else { return nil }
    self.axes = axes
    self.values = values
  }

  /// How a function goes on above its grid.
  package enum Growth {
    /// It keeps the value of the edge.
    case none
    /// It grows in proportion to the coordinate.
    case proportional
  }

  /// The value at a point of as many coordinates as there are axes.
  package func value(at point: [Double], above growth: Growth = .proportional) -> Double {
    precondition(point.count == axes.count, "\(point.count) coordinates, \(axes.count) axes")
    var factor = 1.0
    var corners: [(index: Int, weight: Double)] = [(0, 1)]
    for (axis, coordinate) in zip(axes, point) {
      let last = axis[axis.count - 1]
      if coordinate > last, growth == .proportional { factor *= coordinate / last }
      let (lower, share) = Self.cell(of: min(max(coordinate, axis[0]), last), in: axis)
      corners = corners.flatMap { corner in
        let index = corner.index * axis.count + lower
        return share == 0
          ? [(index, corner.weight)]
          : [(index, corner.weight * (1 - share)), (index + 1, corner.weight * share)]
      }
    }
    return factor * exp(corners.reduce(0) { $0 + $1.weight * log(values[$1.index]) })
  }

  /// The grid's point at or below a coordinate, and how far the coordinate is on the way to the
  /// next one.
  private static func cell(of coordinate: Double, in axis: [Double]) -> (Int, Double) {
    let lower = (axis.lastIndex { $0 <= coordinate }) ?? 0
    guard lower + 1 < axis.count else { return (lower, 0) }
    return (lower, log(coordinate / axis[lower]) / log(axis[lower + 1] / axis[lower]))
  }
}
