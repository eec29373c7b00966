import GraphIR
import ModelSpec
import Tensors

extension LoweringContext {
  /// Reads an image as rows of patches.
  ///
  /// - Parameters:
  ///   - x: `[batch, channels, (frames,) height, width]`.
  ///   - patch: The extents of a patch; they divide the image's.
  ///   - order: The order of a patch's axes, outermost first.
  /// - Returns: `[batch, tokens, patch]`; tokens are row-major over frames, rows and columns.
  mutating func patchify(
    _ x: ValueID, _ patch: PatchSize, order: [PatchAxis]
  ) throws(GraphError) -> ValueID {
    let grid = PatchGrid(builder.shape(x).dimensions, patch)
    let split = try builder.reshape(x, grid.splitDimensions)
    let permutation = [0] + grid.tokenAxes + order.map(grid.axis)
    let permuted = try permute(split, permutation)
    return try builder.reshape(permuted, [grid.batch, grid.tokenCount, -1].filled(by: grid.count))
  }

  /// Writes rows of patches back into an image: the inverse of `patchify`.
  ///
  /// - Parameters:
  ///   - x: `[batch, tokens, patch]`.
  ///   - dimensions: The image's, `[batch, channels, (frames,) height, width]`.
  /// - Returns: A value of those dimensions.
  mutating func unpatchify(
    _ x: ValueID, to dimensions: [Int], _ patch: PatchSize, order: [PatchAxis]
  ) throws(GraphError) -> ValueID {
    let grid = PatchGrid(dimensions, patch)
    let permutation = [0] + grid.tokenAxes + order.map(grid.axis)
    let split = try builder.reshape(x, permutation.map { grid.splitDimensions[$0] })
    var inverse = permutation
    for (place, axis) in permutation.enumerated() { inverse[axis] = place }
    return try builder.reshape(permute(split, inverse), dimensions)
  }

  private mutating func permute(_ x: ValueID, _ axes: [Int]) throws(GraphError) -> ValueID {
    axes == Array(axes.indices) ? x : try builder.permute(x, axes)
  }
}

/// An image with its axes split into tokens and places within a patch.
private struct PatchGrid {
  /// `[batch, channels, (frames', t,) rows', h, columns', w]`.
  let splitDimensions: [Int]
  private let hasFrames: Bool

  init(_ dimensions: [Int], _ patch: PatchSize) {
    hasFrames = dimensions.count == 5
    let extents = (hasFrames ? [patch.frames] : []) + [patch.height, patch.width]
    var split = Array(dimensions.prefix(2))
    for (extent, size) in zip(dimensions.dropFirst(2), extents) { split += [extent / size, size] }
    splitDimensions = split
  }

  var batch: Int { splitDimensions[0] }
  var count: Int { splitDimensions.reduce(1, *) }
  var tokenAxes: [Int] { hasFrames ? [2, 4, 6] : [2, 4] }
  var tokenCount: Int { tokenAxes.reduce(1) { $0 * splitDimensions[$1] } }

  /// The axis that holds one axis of a patch.
  func axis(_ axis: PatchAxis) -> Int {
    switch axis {
    case .channel: 1
    case .frame: 3
    case .row: hasFrames ? 5 : 3
    case .column: hasFrames ? 7 : 5
    }
  }
}

extension [Int] {
  /// The dimensions with -1 replaced so that their product is `count`.
  fileprivate func filled(by count: Int) -> [Int] {
    let known = reduce(1) { $1 == -1 ? $0 : $0 * $1 }
    return map { $0 == -1 ? count / known : $0 }
  }
}
