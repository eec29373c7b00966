extension Frames {
  /// Pictures or videos of one size side by side in rows, each frame of the result with the same
  /// frame of all of them.
  ///
  /// - Parameters:
  ///   - cells: In the order of reading; not empty, all of one size, count and number of channels.
  ///   - columns: How many stand in a row, at least 1.
  ///   - gap: Pixels of dark grey (56) between two of them, 0 for none.
  package static func contactSheet(_ cells: [Frames], columns: Int, gap: Int) -> Frames {
    precondition(columns >= 1 && gap >= 0 && !cells.isEmpty)
    let first = cells[0]
    precondition(
      cells.allSatisfy {
        $0.count == first.count && $0.height == first.height && $0.width == first.width
          && $0.channels == first.channels
      })
    let size = contactSheetSize(
      cells: cells.count, columns: columns, height: first.height, width: first.width, gap: gap)
    let rowBytes = size.width * first.channels
    var bytes = [UInt8](repeating: 56, count: first.count * size.height * rowBytes)
    for (index, cell) in cells.enumerated() {
      let top = index / columns * (first.height + gap)
      let left = index % columns * (first.width + gap) * first.channels
      for frame in 0..<first.count {
        for row in 0..<first.height {
          let source = frame * first.frameBytes + row * first.rowBytes
          let target = (frame * size.height + top + row) * rowBytes + left
          bytes.replaceSubrange(
            target..<target + first.rowBytes, with: cell.pixels[source..<source + first.rowBytes])
        }
      }
    }
    return Frames(
      unchecked: bytes, count: first.count, height: size.height, width: size.width,
      channels: first.channels)
  }

  /// The size of such a sheet.
  package static func contactSheetSize(
    cells: Int, columns: Int, height: Int, width: Int, gap: Int
  ) -> (height: Int, width: Int) {
    let rows = (cells + columns - 1) / columns
    return (
      rows * height + (rows - 1) * gap, min(columns, cells) * (width + gap) - gap
    )
  }
}
