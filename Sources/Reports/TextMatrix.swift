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

/// The shortest decimal that reads back as the value, without a point where it is whole.
func decimal(_ value: Float) -> String {
  if value == 0 { return "0" }
  if value == value.rounded(), abs(value) < 1e7 { return String(Int(value)) }
  return "\(value)"
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
