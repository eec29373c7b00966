import Tensors

/// Numbers as text in rows and columns, aligned as on paper.
struct TextMatrix {
  /// The cells, row by row.
  var rows: [[String]]

  /// A matrix of numbers, or of blanks of the same width.
  ///
  /// - Parameters:
  ///   - values: Row-major.
  ///   - columns: The number of columns, from 1.
  init(_ values: [Float], columns: Int, isBlank: Bool = false) {
    rows = stride(from: 0, to: values.count, by: columns).map { start in
      values[start..<min(start + columns, values.count)].map {
        isBlank ? "__" : decimal($0)
      }
    }
  }

  /// The lines between bars, every column as wide as its widest cell.
  var lines: [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    return rows.map { row in
      "| " + zip(row, widths).map { padded($0, to: $1) }.joined(separator: " ") + " |"
    }
  }

  /// The rows on one line, separated by slashes.
  var line: String {
    rows.map { $0.joined(separator: " ") }.joined(separator: " / ")
  }
}

/// A number as a person would write it: whole numbers without a point, others in at most five
/// significant digits.
func decimal(_ value: Float) -> String {
  if value == 0 { return "0" }
  guard value.isFinite else { return "\(value)" }
  if value == value.rounded(), abs(value) < 1e7 { return String(Int(value)) }
  let shortest = "\(value)"
  if shortest.count <= 7 { return shortest }
  let exponent = Int(Double(abs(value)).exponentOfTen)
  guard (-5...6).contains(exponent) else { return significant(value, exponent: exponent) }
  // Five significant digits, as a whole number of the last place.
  let places = max(0, 4 - exponent)
  var digits = String(Int((Double(abs(value)) * powerOfTen(places)).rounded()))
  if digits.count <= places {
    digits = String(repeating: "0", count: places + 1 - digits.count) + digits
  }
  var text = String(digits.dropLast(places)) + "." + String(digits.suffix(places))
  while text.last == "0" { text.removeLast() }
  if text.last == "." { text.removeLast() }
  return (value < 0 ? "-" : "") + text
}

/// A number far from 1, as a mantissa of five digits and a power of ten.
private func significant(_ value: Float, exponent: Int) -> String {
  let mantissa = Double(value) / powerOfTen(exponent)
  return "\(Double((mantissa * 1e4).rounded()) / 1e4)e\(exponent)"
}

private func powerOfTen(_ exponent: Int) -> Double {
  var result = 1.0
  for _ in 0..<abs(exponent) { result *= 10 }
  return exponent < 0 ? 1 / result : result
}

extension Double {
  /// The largest power of ten that is not above a positive number.
  fileprivate var exponentOfTen: Int {
    var (exponent, scaled) = (0, self)
    while scaled >= 10 {
      scaled /= 10
      exponent += 1
    }
    while scaled < 1, exponent > -60 {
      scaled *= 10
      exponent -= 1
    }
    return exponent
  }
}

/// A text filled with spaces on the left.
func padded(_ text: String, to width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

/// A text filled with spaces on the right.
func filled(_ text: String, to width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// Columns of text side by side, each centred on the tallest.
func joinedSideBySide(_ columns: [[String]]) -> [String] {
  let height = columns.map(\.count).max() ?? 0
  let placed = columns.map { column in
    let width = column.map(\.count).max() ?? 0
    let top = (height - column.count) / 2
    return (0..<height).map { line in
      let index = line - top
      return filled(column.indices.contains(index) ? column[index] : "", to: width)
    }
  }
  return (0..<height).map { line in
    var text = placed.map { $0[line] }.joined(separator: " ")
    while text.last == " " { text.removeLast() }
    return text
  }
}
