import Tensors

/// How the elements of a parameter are made of tensors in files.
struct ParameterTensor: Sendable {
  /// The tensors, or parts of them, joined along their first axis.
  var pieces: [TensorView]
  /// Whether the two axes of what the pieces make change places.
  var isTransposed = false

  /// Lends the elements as 32-bit floats, row-major; invalid after `body` returns.
  ///
  /// One piece that is not transposed is lent as it lies in its file; all else is made for the call.
  ///
  /// - Parameter divide: Where elements are converted.
  func withFloats<R, E: Error>(
    divide: WorkDivision,
    _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    if pieces.count == 1, !isTransposed { return try pieces[0].withFloats(divide: divide, body) }
    let floats = UnsafeMutableBufferPointer<Float>.allocate(
      capacity: pieces.reduce(0) { $0 + $1.elementCount })
    defer { floats.deallocate() }
    if isTransposed { fillTransposed(floats) } else { fill(floats) }
    return try body(UnsafeBufferPointer(floats))
  }

  private func fill(_ floats: UnsafeMutableBufferPointer<Float>) {
    var filled = 0
    for piece in pieces {
      piece.withFloats { part in
        _ = UnsafeMutableBufferPointer(rebasing: floats[filled...]).update(fromContentsOf: part)
        filled += part.count
      }
    }
  }

  private func fillTransposed(_ floats: UnsafeMutableBufferPointer<Float>) {
    let rows = pieces.reduce(0) { $0 + ($1.dimensions.first ?? 0) }
    var row = 0
    for piece in pieces {
      let columns = piece.dimensions.dropFirst().reduce(1, *)
      piece.withFloats { part in
        for r in 0..<(part.count / max(columns, 1)) {
          for c in 0..<columns { floats[c * rows + row + r] = part[r * columns + c] }
        }
      }
      row += piece.dimensions.first ?? 0
    }
  }
}

extension WeightLayout.Entry {
  /// What the tensors of an entry make, and its extents; nil when they do not fit together.
  func combine(_ views: [TensorView]) -> (tensor: ParameterTensor, dimensions: [Int])? {
    var pieces = views
    if let part {
      guard pieces.count == 1, let piece = pieces[0].part(part) else { return nil }
      pieces = [piece]
    }
    if swapsHalves {
      guard pieces.count == 1, let first = pieces[0].part(TensorPart(index: 0, count: 2)),
        let second = pieces[0].part(TensorPart(index: 1, count: 2))
      else { return nil }
      pieces = [second, first]
    }
    guard var dimensions = pieces.first?.dimensions else { return nil }
    for piece in pieces.dropFirst() {
      guard !dimensions.isEmpty, piece.dimensions.dropFirst() == dimensions.dropFirst(),
        let extent = piece.dimensions.first
      else { return nil }
      let (sum, overflow) = dimensions[0].addingReportingOverflow(extent)
      if overflow { return nil }
      dimensions[0] = sum
    }
    if isTransposed {
      guard dimensions.count == 2 else { return nil }
      dimensions.reverse()
    }
    return (ParameterTensor(pieces: pieces, isTransposed: isTransposed), dimensions)
  }
}
