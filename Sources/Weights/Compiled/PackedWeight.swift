import Tensors

/// A weight as a compiled model holds it: one or several parameters in the layout of kernels.
package struct PackedWeight: Sendable, Hashable {
  /// The names of the parameters, joined along their first axis.
  package var parts: [String]
  /// The shape in the graph.
  package var shape: Shape
  /// How the elements are laid out.
  package var layout: StorageLayout

  /// A weight of the given parameters.
  package init(parts: [String], shape: Shape, layout: StorageLayout) {
    self.parts = parts
    self.shape = shape
    self.layout = layout
  }

  /// The bytes it occupies; a multiple of 64.
  package var byteCount: Int { layout.byteCount(elementCount: shape.elementCount) }
}

/// Where the elements of a parameter are within a packed weight.
struct PackedPart {
  /// The weight, by number.
  var weight: Int
  /// The elements of the weight before it, in row-major order.
  var firstElement: Int
  /// Its elements.
  var elementCount: Int
}

extension StorageLayout {
  /// Copies elements of a packed weight, from the given one on, to row-major floats.
  ///
  /// - Precondition: Of panels, the elements are whole rows.
  func unpack(
    _ packed: UnsafeRawBufferPointer, from first: Int,
    to values: UnsafeMutableBufferPointer<Float>
  ) {
    switch self {
    case .rows:
      UnsafeMutableRawBufferPointer(values).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: packed[(first * 4)...].prefix(values.count * 4)))
    case .panels(_, let k, let precision):
      precondition(first % k == 0 && values.count % k == 0, "panels hold whole rows")
      let panelByteCount = Self.panelByteCount(k: k, precision)
      let (firstRow, rowCount) = (first / k, values.count / k)
      var row = 0
      while row < rowCount {
        let (panel, column) = (
          (firstRow + row) / Self.panelWidth, (firstRow + row) % Self.panelWidth
        )
        let columns = column..<min(column + rowCount - row, Self.panelWidth)
        let start = panel * panelByteCount
        unpackPanel(
          UnsafeRawBufferPointer(rebasing: packed[start..<start + panelByteCount]), columns, k,
          precision, to: UnsafeMutableBufferPointer(rebasing: values[(row * k)...]))
        row += columns.count
      }
    }
  }

  /// Copies columns of a panel to rows of k floats each.
  private func unpackPanel(
    _ panel: UnsafeRawBufferPointer, _ columns: Range<Int>, _ k: Int, _ precision: Precision,
    to values: UnsafeMutableBufferPointer<Float>
  ) {
    // By pieces of k that keep the lines read in the first cache.
    for begin in stride(from: 0, to: k, by: 64) {
      let end = min(begin + 64, k)
      for column in columns {
        let row = (column - columns.lowerBound) * k
        switch precision {
        case .f32:
          let floats = panel.assumingMemoryBound(to: Float.self)
          for i in begin..<end { values[row + i] = floats[i * Self.panelWidth + column] }
        case .bf16:
          let words = panel.assumingMemoryBound(to: UInt16.self)
          for i in begin..<end {
            let bits = words[i / 2 * (2 * Self.panelWidth) + 2 * column + i % 2]
            values[row + i] = Float(bitPattern: UInt32(bits) << 16)
          }
        }
      }
    }
  }
}
