/// Collects frames from a stream of binary PPM pictures (`P6`, 8 bits) as it arrives in pieces.
///
/// Each picture tells its own size, so nothing has to be known of a video beforehand.
struct PPMStream {
  private let path: String
  private let limits: MediaLimits
  private var header: [UInt8] = []
  /// Bytes of the current picture that are still to come.
  private var missing = 0
  private var size: (height: Int, width: Int)?
  private var pixels: [UInt8] = []
  private(set) var count = 0

  /// - Parameters:
  ///   - path: the file that messages name.
  ///   - limits: compared with each header before its pixels are kept.
  init(path: String, limits: MediaLimits) {
    self.path = path
    self.limits = limits
  }

  /// Takes the next piece of the stream.
  ///
  /// - Throws: `MediaError` where a header is none, sizes differ, or frames are over the limits.
  mutating func consume(_ piece: UnsafeRawBufferPointer) throws(MediaError) {
    var rest = piece[...]
    while !rest.isEmpty {
      if missing > 0 {
        let taken = min(missing, rest.count)
        pixels.append(contentsOf: rest.prefix(taken))
        rest = rest.dropFirst(taken)
        missing -= taken
        continue
      }
      while missing == 0, let byte = rest.popFirst() {
        header.append(byte)
        // "P6", width and height, "255", each line ended by one byte.
        if byte == UInt8(ascii: "\n"), header.count(where: { $0 == byte }) == 3 {
          try beginPicture()
        } else if header.count > 64 {
          throw malformed
        }
      }
    }
  }

  /// The frames, once the stream has ended.
  ///
  /// - Returns: nil where there was none.
  /// - Throws: `MediaError` where the stream ended within a picture.
  func finish() throws(MediaError) -> Frames? {
    guard missing == 0, header.isEmpty else {
      throw MediaError(path: path, message: "ended within frame \(count)")
    }
    guard let size else { return nil }
    return Frames(
      unchecked: pixels, count: count, height: size.height, width: size.width, channels: 3)
  }

  private var malformed: MediaError {
    MediaError(path: path, message: "did not become a stream of pictures in ffmpeg")
  }

  private mutating func beginPicture() throws(MediaError) {
    let fields = String(decoding: header, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard fields.count == 4, fields[0] == "P6", fields[3] == "255",
      let width = Int(fields[1]), let height = Int(fields[2])
    else { throw malformed }
    if let size, size != (height, width) {
      throw MediaError(
        path: path,
        message: "changes from \(size.width)x\(size.height) to \(width)x\(height) at frame "
          + "\(count + 1)")
    }
    try limits.check(path: path, count: count + 1, height: height, width: width)
    size = (height, width)
    missing = height * width * 3
    header.removeAll(keepingCapacity: true)
    count += 1
  }
}
