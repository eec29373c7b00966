import GraphIR
import Tensors

/// The cotangent of some entries along one axis of a value; it is zero at the others.
struct CotangentPiece {
  let axis: Int
  let start: Int
  let count: Int
  let value: ValueID

  /// The entry after the last one.
  var end: Int { start + count }
}

extension GraphBuilder {
  /// The sum of pieces as values of the whole shape.
  ///
  /// Pieces that do not overlap, as those of a value cut into chunks, are laid side by side in one
  /// `concat`, with zeros only in the gaps.
  mutating func wholes(
    of pieces: [CotangentPiece], _ shape: Shape
  ) throws(GraphError) -> [ValueID] {
    var rows: [[CotangentPiece]] = []
    for piece in pieces.sorted(by: { ($0.axis, $0.start, $0.end) < ($1.axis, $1.start, $1.end) }) {
      let fitting = rows.firstIndex { row in
        row.last.map { $0.axis == piece.axis && $0.end <= piece.start } ?? false
      }
      if let fitting { rows[fitting].append(piece) } else { rows.append([piece]) }
    }
    var wholes: [ValueID] = []
    for row in rows { wholes.append(try sideBySide(row, axis: row[0].axis, shape)) }
    return wholes
  }

  private mutating func sideBySide(
    _ pieces: [CotangentPiece], axis: Int, _ shape: Shape
  ) throws(GraphError) -> ValueID {
    var parts: [ValueID] = []
    var position = 0
    func gap(to end: Int) -> Shape? {
      var dimensions = shape.dimensions
      dimensions[axis] = end - position
      return end > position ? Shape(dimensions) : nil
    }
    for piece in pieces {
      if let gap = gap(to: piece.start) { parts.append(try zeros(gap)) }
      parts.append(piece.value)
      position = piece.end
    }
    if let gap = gap(to: shape[axis]) { parts.append(try zeros(gap)) }
    return try concat(parts, axis: axis)
  }
}
