import CWebP

/// Decodes a WebP picture or animation to frames of 3 channels.
///
/// Each frame is the whole canvas as shown. Opacity is taken as over black.
///
/// - Parameter first: the number of frames to read at most, nil for all.
/// - Throws: `MediaError` where the bytes are truncated, corrupt or no WebP, or the frames are over
///   `limits`, which is found before memory is taken for them.
func decodeWebP(
  path: String, bytes: [UInt8], first: Int?, limits: MediaLimits
) throws(MediaError) -> Frames {
  guard bytes.prefix(4).elementsEqual("RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8)
  else {
    throw MediaError(path: path, message: "is not a WebP picture")
  }
  return try bytes.withUnsafeBufferPointer { (buffer) throws(MediaError) -> Frames in
    var data = WebPData(bytes: buffer.baseAddress, size: buffer.count)
    let corrupt = MediaError(path: path, message: "is a truncated or corrupt WebP picture")
    guard let container = WebPDemux(&data) else { throw corrupt }
    defer { WebPDemuxDelete(container) }
    let width = Int(WebPDemuxGetI(container, WEBP_FF_CANVAS_WIDTH))
    let height = Int(WebPDemuxGetI(container, WEBP_FF_CANVAS_HEIGHT))
    let stored = Int(WebPDemuxGetI(container, WEBP_FF_FRAME_COUNT))
    let count = min(stored, first ?? stored)
    try limits.check(path: path, count: count, height: height, width: width)

    // Colour multiplied by opacity is colour over black.
    var options = WebPAnimDecoderOptions()
    guard WebPAnimDecoderOptionsInit(&options) != 0 else { throw corrupt }
    options.color_mode = MODE_rgbA
    guard let decoder = WebPAnimDecoderNew(&data, &options) else { throw corrupt }
    defer { WebPAnimDecoderDelete(decoder) }
    var decoded = 0
    let pixelCount = height * width
    let pixels = [UInt8](unsafeUninitializedCapacity: count * pixelCount * 3) { output, filled in
      while decoded < count {
        var canvas: UnsafeMutablePointer<UInt8>?
        var timestamp: CInt = 0
        guard WebPAnimDecoderGetNext(decoder, &canvas, &timestamp) != 0, let canvas else { break }
        for pixel in 0..<pixelCount {
          for channel in 0..<3 {
            output[filled + 3 * pixel + channel] = canvas[4 * pixel + channel]
          }
        }
        filled += pixelCount * 3
        decoded += 1
      }
    }
    guard decoded == count else {
      throw MediaError(path: path, message: "is corrupt at frame \(decoded + 1) of \(stored)")
    }
    return Frames(unchecked: pixels, count: count, height: height, width: width, channels: 3)
  }
}
