/// How the samples of a resized axis are weighted sums of neighbouring input samples.
private struct AxisTaps {
  /// The first input sample of each output sample.
  private(set) var starts: [Int] = []
  /// Where the weights of each output sample begin; one more than there are samples.
  private(set) var offsets = [0]
  /// The weights of all output samples, one after another.
  private(set) var weights: [Double] = []

  /// The taps of an axis: area averages where it shrinks, linear interpolation where it grows.
  ///
  /// Samples sit at the centres of equal cells, so both ends of the axis stay where they are. Past
  /// the outermost centres the outermost sample holds.
  init(from input: Int, to output: Int) {
    let ratio = Double(input) / Double(output)
    for index in 0..<output {
      if output < input {
        let low = Double(index) * ratio
        let high = Double(index + 1) * ratio
        let first = Int(low)
        // The upper edge of the last cell may round to just above the last sample.
        let last = min(input - 1, Int(high.rounded(.up)) - 1)
        add(
          first,
          (first...last).map { sample in
            (min(high, Double(sample + 1)) - max(low, Double(sample))) / ratio
          })
      } else {
        let centre = min(max((Double(index) + 0.5) * ratio - 0.5, 0), Double(input - 1))
        let first = Int(centre)
        let fraction = centre - Double(first)
        add(first, fraction == 0 ? [1] : [1 - fraction, fraction])
      }
    }
  }

  private mutating func add(_ start: Int, _ own: [Double]) {
    starts.append(start)
    weights += own
    offsets.append(weights.count)
  }

  /// Writes the sum for each output sample of several lanes that lie side by side.
  ///
  /// - Parameters:
  ///   - lanes: The number of lanes, the stride of a sample.
  ///   - input: The value of an element.
  func apply(
    lanes: Int, _ input: (Int) -> Double, to output: (_ element: Int, _ sum: Double) -> Void
  ) {
    starts.withUnsafeBufferPointer { starts in
      offsets.withUnsafeBufferPointer { offsets in
        weights.withUnsafeBufferPointer { weights in
          for index in starts.indices {
            for lane in 0..<lanes {
              var sum = 0.0
              var element = starts[index] * lanes + lane
              for tap in offsets[index]..<offsets[index + 1] {
                sum += weights[tap] * input(element)
                element += lanes
              }
              output(index * lanes + lane, sum)
            }
          }
        }
      }
    }
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
    let rows = AxisTaps(from: height, to: newHeight)
    let columns = AxisTaps(from: width, to: newWidth)
    let newRowBytes = newWidth * channels
    var bytes = [UInt8](repeating: 0, count: count * newHeight * newRowBytes)
    // One frame at its full height and its final width, [row, column, channel].
    var narrowed = [Double](repeating: 0, count: height * newRowBytes)
    pixels.withUnsafeBufferPointer { pixels in
      narrowed.withUnsafeMutableBufferPointer { narrowed in
        bytes.withUnsafeMutableBufferPointer { bytes in
          for index in 0..<count {
            for row in 0..<height {
              let source = index * frameBytes + row * rowBytes
              columns.apply(lanes: channels) {
                Double(pixels[source + $0])
              } to: {
                narrowed[row * newRowBytes + $0] = $1
              }
            }
            let target = index * newHeight * newRowBytes
            rows.apply(lanes: newRowBytes) {
              narrowed[$0]
            } to: {
              bytes[target + $0] = UInt8(min(max($1.rounded(), 0), 255))
            }
          }
        }
      }
    }
    return Frames(
      unchecked: bytes, count: count, height: newHeight, width: newWidth, channels: channels)
  }
}
