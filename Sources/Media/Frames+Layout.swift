extension Frames {
  /// The same frames with 1 or 3 channels.
  ///
  /// Three become one by the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded to nearest;
  /// one becomes three by repetition.
  ///
  /// - Precondition: `target` is 1 or 3.
  package func converted(toChannels target: Int) -> Frames {
    precondition(target == 1 || target == 3)
    guard target != channels else { return self }
    let pixelCount = count * height * width
    let bytes = [UInt8](unsafeUninitializedCapacity: pixelCount * target) { output, filled in
      pixels.withUnsafeBufferPointer { input in
        for pixel in 0..<pixelCount {
          if target == 1 {
            let red = Int(input[3 * pixel])
            let green = Int(input[3 * pixel + 1])
            let blue = Int(input[3 * pixel + 2])
            output[pixel] = UInt8((299 * red + 587 * green + 114 * blue + 500) / 1000)
          } else {
            for channel in 0..<3 { output[3 * pixel + channel] = input[pixel] }
          }
        }
      }
      filled = pixelCount * target
    }
    return Frames(
      unchecked: bytes, count: count, height: height, width: width, channels: target)
  }

  /// Each pixel as a square of `factor` by `factor` equal pixels.
  ///
  /// - Precondition: `factor` is at least 1.
  package func scaledUp(by factor: Int) -> Frames {
    precondition(factor >= 1)
    guard factor > 1 else { return self }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(pixels.count * factor * factor)
    for row in 0..<count * height {
      var wide: [UInt8] = []
      wide.reserveCapacity(rowBytes * factor)
      for column in 0..<width {
        let start = row * rowBytes + column * channels
        for _ in 0..<factor { wide.append(contentsOf: pixels[start..<start + channels]) }
      }
      for _ in 0..<factor { bytes.append(contentsOf: wide) }
    }
    return Frames(
      unchecked: bytes, count: count, height: height * factor, width: width * factor,
      channels: channels)
  }

  /// All frames side by side, from left to right, in one frame.
  ///
  /// - Parameter gap: columns of dark grey (56) between two frames, 0 for none.
  package func strip(gap: Int = 0) -> Frames {
    precondition(gap >= 0)
    guard count > 1 else { return self }
    let spacer = [UInt8](repeating: 56, count: gap * channels)
    let stripWidth = count * width + (count - 1) * gap
    var bytes: [UInt8] = []
    bytes.reserveCapacity(height * stripWidth * channels)
    for row in 0..<height {
      for index in 0..<count {
        if index > 0 { bytes.append(contentsOf: spacer) }
        let start = index * frameBytes + row * rowBytes
        bytes.append(contentsOf: pixels[start..<start + rowBytes])
      }
    }
    return Frames(
      unchecked: bytes, count: 1, height: height, width: stripWidth, channels: channels)
  }

  /// The frames with a last row and a last column repeated where the height or the width is odd.
  func extendedToEvenSides() -> Frames {
    let evenHeight = height + height % 2
    let evenWidth = width + width % 2
    guard evenHeight != height || evenWidth != width else { return self }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * evenHeight * evenWidth * channels)
    for index in 0..<count {
      for row in 0..<evenHeight {
        let start = index * frameBytes + min(row, height - 1) * rowBytes
        bytes.append(contentsOf: pixels[start..<start + rowBytes])
        if evenWidth != width {
          bytes.append(contentsOf: pixels[start + rowBytes - channels..<start + rowBytes])
        }
      }
    }
    return Frames(
      unchecked: bytes, count: count, height: evenHeight, width: evenWidth, channels: channels)
  }
}
