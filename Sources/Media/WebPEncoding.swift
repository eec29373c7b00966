import CWebP

/// The largest side of a WebP picture: 14 bits in its header.
private let largestSide = 16383

extension Frames {
  /// The frames as the bytes of a lossless WebP, as `write` writes them.
  ///
  /// - Parameter path: The file that errors are about.
  /// - Throws: `MediaError` where a side is over 16383 pixels or memory runs out.
  package func encodedWebP(
    path: String, framesPerSecond: Double
  ) throws(MediaError) -> [UInt8] {
    try encodeWebP(path: path, frames: self, framesPerSecond: framesPerSecond)
  }
}

/// How long the encoder looks for a smaller file, from 0 to 9 in libwebp's terms: its own middle for
/// a picture, and for animations little, which takes a fortieth of the time.
private func effortLevel(frameCount: Int) -> CInt { frameCount > 1 ? 0 : 6 }

/// Encodes frames as a lossless WebP: a picture of one frame, else an animation that repeats.
///
/// Every frame is stored whole. `WebPAnimEncoder` would drop a frame that equals the one before it,
/// and a video read back would have fewer frames than were written.
///
/// - Throws: `MediaError` where a side is over 16383 pixels or memory runs out.
func encodeWebP(
  path: String, frames: Frames, framesPerSecond: Double
) throws(MediaError) -> [UInt8] {
  guard frames.height <= largestSide, frames.width <= largestSide else {
    throw MediaError(
      path: path,
      message: "cannot hold frames of \(frames.width)x\(frames.height); "
        + "a side of a WebP picture may have at most \(largestSide) pixels")
  }
  let colour = frames.converted(toChannels: 3)
  guard frames.count > 1 else {
    return try colour.pixels.withUnsafeBufferPointer { (pixels) throws(MediaError) in
      try encodeWebPFrame(path: path, frames: colour, pixels: pixels)
    }
  }
  let failure = MediaError(path: path, message: "cannot be encoded as WebP: out of memory")
  guard let container = WebPMuxNew() else { throw failure }
  defer { WebPMuxDelete(container) }
  // White behind the canvas, which every frame covers; repeat without end.
  var animation = WebPMuxAnimParams(bgcolor: 0xFFFF_FFFF, loop_count: 0)
  guard WebPMuxSetAnimationParams(container, &animation) == WEBP_MUX_OK else { throw failure }
  var index = 0
  try colour.forEachFrame { (pixels) throws(MediaError) in
    let encoded = try encodeWebPFrame(
      path: path, frames: colour, pixels: pixels)
    // Differences of rounded times, so that rounding does not add up.
    let start = (Double(index) * 1000 / framesPerSecond).rounded()
    let end = (Double(index + 1) * 1000 / framesPerSecond).rounded()
    let status = encoded.withUnsafeBufferPointer { bytes in
      var frame = WebPMuxFrameInfo()
      frame.bitstream = WebPData(bytes: bytes.baseAddress, size: bytes.count)
      frame.duration = CInt(end - start)
      frame.id = WEBP_CHUNK_ANMF
      frame.dispose_method = WEBP_MUX_DISPOSE_NONE
      frame.blend_method = WEBP_MUX_NO_BLEND
      return WebPMuxPushFrame(container, &frame, 1)
    }
    guard status == WEBP_MUX_OK else { throw failure }
    index += 1
  }
  var assembled = WebPData()
  guard WebPMuxAssemble(container, &assembled) == WEBP_MUX_OK else { throw failure }
  defer { WebPDataClear(&assembled) }
  return Array(UnsafeBufferPointer(start: assembled.bytes, count: assembled.size))
}

/// One frame as a lossless WebP picture.
///
/// - Parameter pixels: [row, column, channel] of one frame of the sizes of `frames`, 3 channels.
private func encodeWebPFrame(
  path: String, frames: Frames, pixels: UnsafeBufferPointer<UInt8>
) throws(MediaError) -> [UInt8] {
  var configuration = WebPConfig()
  var picture = WebPPicture()
  var writer = WebPMemoryWriter()
  let isReady =
    WebPConfigInit(&configuration) != 0
    && WebPConfigLosslessPreset(&configuration, effortLevel(frameCount: frames.count)) != 0
    && WebPPictureInit(&picture) != 0
  guard isReady else {
    throw MediaError(
      path: path, message: "cannot be encoded as WebP: libwebp is of another version")
  }
  WebPMemoryWriterInit(&writer)
  defer {
    WebPPictureFree(&picture)
    WebPMemoryWriterClear(&writer)
  }
  picture.use_argb = 1
  picture.width = CInt(frames.width)
  picture.height = CInt(frames.height)
  picture.writer = WebPMemoryWrite
  let succeeded = withUnsafeMutablePointer(to: &writer) { destination in
    picture.custom_ptr = UnsafeMutableRawPointer(destination)
    return WebPPictureImportRGB(&picture, pixels.baseAddress, CInt(frames.rowBytes)) != 0
      && WebPEncode(&configuration, &picture) != 0
  }
  guard succeeded else {
    throw MediaError(
      path: path,
      message: "cannot be encoded as WebP: libwebp error \(picture.error_code.rawValue)")
  }
  return Array(UnsafeBufferPointer(start: writer.mem, count: writer.size))
}
