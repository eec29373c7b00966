import Glibc
import Tensors

extension Table {
  /// What makes the table meaningless, or nil.
  package var problem: String? {
    switch self {
    case .frequencies(let count, let denominator, let maximumPeriod):
      if count < 1 { return "a table needs an entry" }
      if !(denominator > 0 && denominator.isFinite) { return "the denominator must be positive" }
      return Self.periodProblem(maximumPeriod)
    case .sincos(let table):
      guard Shape(table.grid).checkedElementCount != nil, !table.parts.isEmpty else {
        return "a table needs positions and columns"
      }
      for part in table.parts {
        if !table.grid.indices.contains(part.axis) { return "the grid has no axis \(part.axis)" }
        guard (2...(1 << 32)).contains(part.width), part.width % 2 == 0 else {
          return "the width of a part must be even"
        }
        if !part.positionScale.isFinite { return "a position scale must be finite" }
      }
      return Self.periodProblem(table.maximumPeriod)
    }
  }

  private static func periodProblem(_ period: Double) -> String? {
    period > 0 && period.isFinite ? nil : "the maximum period must be positive"
  }

  /// The elements of the table, row-major, by its formula.
  ///
  /// - Precondition: `problem` is nil.
  package var values: [Double] {
    switch self {
    case .frequencies(let count, let denominator, let maximumPeriod):
      return (0..<count).map { exp(-log(maximumPeriod) * Double($0) / denominator) }
    case .sincos(let table):
      return table.values
    }
  }
}

extension SincosTable {
  fileprivate var values: [Double] {
    let strides = Shape(grid).strides
    let encodings = parts.map { part in (0..<grid[part.axis]).map { encoding(of: $0, part) } }
    let tokenCount = Shape(grid).elementCount
    var values: [Double] = []
    values.reserveCapacity(tokenCount * parts.reduce(0) { $0 + $1.width })
    for token in 0..<tokenCount {
      for (part, encoding) in zip(parts, encodings) {
        values += encoding[token / strides[part.axis] % grid[part.axis]]
      }
    }
    return values
  }

  /// The columns of a part for an index of its axis.
  private func encoding(of index: Int, _ part: Part) -> [Double] {
    let position = Double(index) * part.positionScale
    let angles = (0..<(part.width / 2)).map {
      position * pow(maximumPeriod, -Double($0) / Double(part.width / 2))
    }
    return angles.map(sin) + angles.map(cos)
  }
}
