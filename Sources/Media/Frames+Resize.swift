/// How one output sample of a resized axis is a weighted sum of neighbouring input samples.
private struct AxisTap {
  let start: Int
  let weights: [Double]
}

/// The taps of an axis: area averages where it shrinks, linear interpolation where it grows.
///
/// Samples sit at the centres of equal cells, so both ends of the axis stay where they are. Past
/// the outermost centres the outermost sample holds.
private func axisTaps(from input: Int, to output: Int) -> [AxisTap] {
  let ratio = Double(input) / Double(output)
  return (0..<output).map { index in
    if output < input {
      let low = Double(index) * ratio
      let high = Double(index + 1) * ratio
      let first = Int(low)
      // The upper edge of the last cell may round to just above the last sample.
      let last = min(input - 1, Int(high.rounded(.up)) - 1)
      let weights = (first...last).map { sample in
        (min(high, Double(sample + 1)) - max(low, Double(sample))) / ratio
      }
      return AxisTap(start: first, weights: weights)
    }
    let centre = min(max((Double(index) + 0.5) * ratio - 0.5, 0), Double(input - 1))
    let first = Int(centre)
    let fraction = centre - Double(first)
    return AxisTap(start: first, weights: fraction == 0 ? [1] : [1 - fraction, fraction])
  }
}

extension Frames {
  /// The frames at another size, each axis on its own: averaged by area where it shrinks, linearly
  /// interpolated between pixel centres where it grows.
  ///
  /// Sums are in double precision and rounded once, to nearest, so the bytes are the same
  /// everywhere.
  ///
  /// - Precondition: both sizes are at least 1.
  package func resized(height newHeight: Int, width newWidth: Int) -> Frames {
    precondition(newHeight >= 1 && newWidth >= 1)
    guard newHeight != height || newWidth != width else { return self }
    let rows = axisTaps(from: height, to: newHeight)
    let columns = axisTaps(from: width, to: newWidth)
    let newRowBytes = newWidth * channels
    var bytes = [UInt8](repeating: 0, count: count * newHeight * newRowBytes)
    // One frame at its full height and its final width, [row, column, channel].
    var narrowed = [Double](repeating: 0, count: height * newRowBytes)
    for index in 0..<count {
      for row in 0..<height {
        let source = index * frameBytes + row * rowBytes
        for (column, tap) in columns.enumerated() {
          for channel in 0..<channels {
            var sum = 0.0
            for (offset, weight) in tap.weights.enumerated() {
              sum += weight * Double(pixels[source + (tap.start + offset) * channels + channel])
            }
            narrowed[row * newRowBytes + column * channels + channel] = sum
          }
        }
      }
      for (row, tap) in rows.enumerated() {
        let target = (index * newHeight + row) * newRowBytes
        for position in 0..<newRowBytes {
          var sum = 0.0
          for (offset, weight) in tap.weights.enumerated() {
            sum += weight * narrowed[(tap.start + offset) * newRowBytes + position]
          }
          bytes[target + position] = UInt8(min(max(sum.rounded(), 0), 255))
        }
      }
    }
    return Frames(
      unchecked: bytes, count: count, height: newHeight, width: newWidth, channels: channels)
  }
}
