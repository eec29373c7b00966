/// What a file may ask for before it is refused.
///
/// The sizes are compared with what a header claims, before memory is taken for it.
package struct MediaLimits: Sendable, Equatable {
  /// Largest height or width, in pixels.
  package var side = 16384
  /// Largest sum of pixels over all frames.
  package var pixels = 1 << 28
  /// Largest number of frames.
  package var frames = 4096
  /// Largest file that is read into memory, in bytes.
  package var fileBytes = 1 << 30

  package init() {}

  /// Refuses a size over the limits, or an empty one.
  ///
  /// - Throws: `MediaError` that names the size and the limit it breaks.
  package func check(path: String, count: Int, height: Int, width: Int) throws(MediaError) {
    guard height > 0, width > 0, count > 0 else {
      throw MediaError(path: path, message: "holds no picture (\(count) of \(width)x\(height))")
    }
    guard height <= side, width <= side else {
      throw MediaError(
        path: path,
        message: "is \(width)x\(height) pixels; a side may have at most \(side)")
    }
    guard count <= frames else {
      throw MediaError(path: path, message: "has \(count) frames; at most \(frames) are read")
    }
    // No overflow: each side is at most `side`, the count at most `frames`.
    guard count * height * width <= pixels else {
      throw MediaError(
        path: path,
        message: "holds \(count * height * width) pixels (\(count) of \(width)x\(height)); "
          + "at most \(pixels) are read")
    }
  }
}
