/// Rows of cells as lines, columns two spaces apart and indented by two.
///
/// - Parameter numeric: The columns that are aligned at the right.
func aligned(_ rows: [[String]], numeric: Set<Int> = []) -> [String] {
  let count = rows.map(\.count).max() ?? 0
  let widths = (0..<count).map { column in
    rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    let cells = row.enumerated().map { column, cell in
      numeric.contains(column)
        ? padded(cell, to: widths[column]) : filled(cell, to: widths[column])
    }
    var line = "  " + cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}

/// A time for people, with at least three digits.
func duration(_ seconds: Double) -> String {
  switch seconds {
  case 100...: "\(tenths(seconds)) s"
  case 1...: "\(decimal(seconds, digits: 2)) s"
  case 0.1...: "\(tenths(seconds * 1e3)) ms"
  case 1e-3...: "\(decimal(seconds * 1e3, digits: 2)) ms"
  default: "\(tenths(seconds * 1e6)) us"
  }
}

/// A number with a fixed count of digits after the point.
func decimal(_ value: Double, digits: Int) -> String {
  let unit = (0..<digits).reduce(1) { product, _ in product * 10 }
  let scaled = Int((value * Double(unit)).rounded())
  return "\(scaled / unit)." + String(String(scaled % unit + unit).dropFirst())
}

/// A share in percent.
func percent(_ share: Double) -> String { "\(tenths(share * 100)) %" }

/// Floating-point operations per second.
func rate(_ flopsPerSecond: Double) -> String { "\(tenths(flopsPerSecond / 1e9))" }
