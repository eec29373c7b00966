import CPNG

/// Multiplies colour by opacity and drops the opacity, as over black.
///
/// - Parameter pixels: [pixel, channel], the last of `channels + 1` being the opacity.
private func flattened(_ pixels: [UInt8], channels: Int) -> [UInt8] {
  let pixelCount = pixels.count / (channels + 1)
  return [UInt8](unsafeUninitializedCapacity: pixelCount * channels) { output, filled in
    for pixel in 0..<pixelCount {
      let source = pixel * (channels + 1)
      let opacity = Int(pixels[source + channels])
      for channel in 0..<channels {
        output[pixel * channels + channel] = UInt8(
          (Int(pixels[source + channel]) * opacity + 127) / 255)
      }
    }
    filled = pixelCount * channels
  }
}

/// The last words of libpng about a picture.
private func pngMessage(_ image: png_image) -> String {
  withUnsafeBytes(of: image.message) { raw in
    String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// A chunk of a PNG file.
struct PNGChunk {
  /// Its four letters.
  var type: ArraySlice<UInt8>
  /// Where its content stands in the file.
  var body: Range<Int>
}

/// Walks the chunks of a PNG file without decoding any.
///
/// libpng stops at the last row, so what follows it would go unchecked.
///
/// - Returns: all chunks, the header first, up to the end's.
/// - Throws: `MediaError` where the signature, the header or the end is missing, or a chunk goes
///   past the end of the file.
func pngChunks(path: String, bytes: [UInt8]) throws(MediaError) -> [PNGChunk] {
  let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  guard bytes.prefix(8).elementsEqual(signature.prefix(bytes.count)) else {
    throw MediaError(path: path, message: "is not a PNG picture")
  }
  let truncated = MediaError(path: path, message: "is truncated at \(bytes.count) bytes")
  let header = Array("IHDR".utf8)
  let end = Array("IEND".utf8)
  guard bytes.count >= 33 else { throw truncated }
  guard word(bytes, at: 8) == 13, bytes[12..<16].elementsEqual(header) else {
    throw MediaError(path: path, message: "is corrupt: the PNG header is not its first chunk")
  }
  var chunks: [PNGChunk] = []
  var offset = 8
  while true {
    // Length, type and checksum are 12 bytes beside the body.
    guard offset + 12 <= bytes.count else { throw truncated }
    let length = word(bytes, at: offset)
    guard length <= bytes.count - offset - 12 else { throw truncated }
    guard chunks.count < 100_000 else {
      throw MediaError(path: path, message: "has over 100,000 chunks")
    }
    let type = bytes[offset + 4..<offset + 8]
    chunks.append(PNGChunk(type: type, body: offset + 8..<offset + 8 + length))
    if type.elementsEqual(end) { return chunks }
    offset += 12 + length
  }
}

/// The height and the width that the header of a PNG file claims; throws as `pngChunks` does.
private func pngSize(path: String, bytes: [UInt8]) throws(MediaError) -> (height: Int, width: Int) {
  _ = try pngChunks(path: path, bytes: bytes)
  return (height: word(bytes, at: 20), width: word(bytes, at: 16))
}

private func word(_ bytes: [UInt8], at offset: Int) -> Int {
  bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
}

/// Decodes a PNG picture of any kind to one frame of 8 bits a channel.
///
/// A grey picture has one channel, every other three. Opacity is taken as over black; 16 bits
/// are read as sRGB where the file says nothing else.
///
/// - Throws: `MediaError` where the bytes are truncated, corrupt or no PNG, or the size is over
///   `limits`, which is found before memory is taken for it.
func decodePNG(path: String, bytes: [UInt8], limits: MediaLimits) throws(MediaError) -> Frames {
  let claimed = try pngSize(path: path, bytes: bytes)
  try limits.check(path: path, count: 1, height: claimed.height, width: claimed.width)
  var image = png_image()
  image.version = png_uint_32(PNG_IMAGE_VERSION)
  defer { png_image_free(&image) }
  return try bytes.withUnsafeBufferPointer { (raw) throws(MediaError) -> Frames in
    guard png_image_begin_read_from_memory(&image, raw.baseAddress, raw.count) != 0 else {
      throw MediaError(path: path, message: "is corrupt: \(pngMessage(image))")
    }
    let isColour = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
    let hasOpacity = image.format & png_uint_32(PNG_FORMAT_FLAG_ALPHA) != 0
    image.format =
      png_uint_32(isColour ? PNG_FORMAT_FLAG_COLOR : 0)
      | png_uint_32(hasOpacity ? PNG_FORMAT_FLAG_ALPHA : 0)
    image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
    let channels = isColour ? 3 : 1
    let samples = channels + (hasOpacity ? 1 : 0)
    let byteCount = claimed.height * claimed.width * samples
    precondition(Int(image.height) == claimed.height && Int(image.width) == claimed.width)
    var succeeded = false
    var pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
      let stride = png_int_32(claimed.width * samples)
      succeeded = png_image_finish_read(&image, nil, buffer.baseAddress, stride, nil) != 0
      filled = succeeded ? byteCount : 0
    }
    guard succeeded else {
      throw MediaError(path: path, message: "is corrupt: \(pngMessage(image))")
    }
    if hasOpacity { pixels = flattened(pixels, channels: channels) }
    return Frames(
      unchecked: pixels, count: 1, height: claimed.height, width: claimed.width,
      channels: channels)
  }
}

/// Encodes one frame as a PNG picture, grey or colour.
///
/// - Precondition: there is one frame.
/// - Throws: `MediaError` where libpng refuses.
func encodePNG(path: String, frame: Frames) throws(MediaError) -> [UInt8] {
  precondition(frame.count == 1)
  var image = png_image()
  image.version = png_uint_32(PNG_IMAGE_VERSION)
  image.width = png_uint_32(frame.width)
  image.height = png_uint_32(frame.height)
  image.format = png_uint_32(frame.channels == 3 ? PNG_FORMAT_FLAG_COLOR : 0)
  defer { png_image_free(&image) }
  // Deflate grows what it cannot shrink by an eighth at most by its own bound, chunk headers by
  // less than a hundredth; untouched pages cost nothing.
  let raw = frame.height * (frame.rowBytes + 1)
  let capacity = raw + raw / 4 + 4096
  let stride = png_int_32(frame.rowBytes)
  var succeeded = false
  let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
    var byteCount = png_alloc_size_t(capacity)
    frame.pixels.withUnsafeBufferPointer { pixels in
      succeeded =
        png_image_write_to_memory(
          &image, buffer.baseAddress, &byteCount, 0, pixels.baseAddress, stride, nil) != 0
    }
    filled = succeeded ? Int(byteCount) : 0
  }
  guard succeeded else {
    throw MediaError(path: path, message: "cannot be encoded as PNG: \(pngMessage(image))")
  }
  return bytes
}
