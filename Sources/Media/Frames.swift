/// Frames of one size, one byte a channel.
///
/// `pixels` is [frame, row, column, channel], the last axis fastest. One channel is grey, three are
/// red, green, blue; both hold sRGB-encoded values from 0 to 255.
package struct Frames: Sendable, Equatable {
  /// Number of frames, at least 1.
  package let count: Int
  /// Rows of a frame, at least 1.
  package let height: Int
  /// Columns of a frame, at least 1.
  package let width: Int
  /// 1 (grey) or 3 (red, green, blue).
  package let channels: Int
  /// The bytes [frame, row, column, channel].
  package let pixels: [UInt8]

  /// Makes frames, or nil where the sizes are not positive or do not give the number of bytes.
  package init?(count: Int, height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    guard count > 0, height > 0, width > 0, channels == 1 || channels == 3 else { return nil }
    var expected = 1
    for size in [count, height, width, channels] {
      let (product, overflow) = expected.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      expected = product
    }
    guard pixels.count == expected else { return nil }
    self.init(
      unchecked: pixels, count: count, height: height, width: width, channels: channels)
  }

  /// Makes frames from a buffer that the caller has made to measure.
  init(unchecked pixels: [UInt8], count: Int, height: Int, width: Int, channels: Int) {
    precondition(pixels.count == count * height * width * channels)
    self.count = count
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// Bytes of one row.
  var rowBytes: Int { width * channels }

  /// Bytes of one frame.
  var frameBytes: Int { height * rowBytes }

  /// One frame alone.
  ///
  /// - Precondition: `index` is in `0..<count`.
  package func frame(_ index: Int) -> Frames {
    precondition(index >= 0 && index < count)
    let bytes = Array(pixels[index * frameBytes..<(index + 1) * frameBytes])
    return Frames(
      unchecked: bytes, count: 1, height: height, width: width, channels: channels)
  }

  /// Runs `body` on the bytes of each frame in turn.
  func forEachFrame(
    _ body: (UnsafeBufferPointer<UInt8>) throws(MediaError) -> Void
  ) throws(MediaError) {
    for index in 0..<count {
      let range = index * frameBytes..<(index + 1) * frameBytes
      try pixels.withUnsafeBufferPointer { (all) throws(MediaError) in
        try body(UnsafeBufferPointer(rebasing: all[range]))
      }
    }
  }
}
