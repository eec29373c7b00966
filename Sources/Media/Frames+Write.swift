extension Frames {
  /// Fails where `write` could not succeed, before any frame is made.
  ///
  /// - Throws: `MediaError` where the extension is unknown, the folder cannot be written to, or the
  ///   format needs `ffmpeg` and there is none.
  package static func checkOutput(path: String) async throws(MediaError) {
    let format = try OutputFormat(path: path)
    try checkWritable(path: path)
    if format.needsFFmpeg { try await requireFFmpeg(path: path) }
  }

  /// Writes the frames to a file of the kind that its extension names, whole or not at all.
  ///
  /// `.png` is one picture, or a strip of all frames from left to right; `.webp` a lossless picture
  /// or animation; `.mp4`, `.gif` and `.mov` go through the `ffmpeg` program. Videos are H.264 in
  /// YUV 4:2:0 where `ffmpeg` has it, which needs even sides: the last row or column is repeated
  /// where one is odd.
  ///
  /// - Parameters:
  ///   - framesPerSecond: speed of everything that moves, from 0.1 to 240.
  ///   - stripGap: columns of mid-grey between the frames of a strip, from 0 to 16384.
  ///   - text: what made the frames, as `PictureText` says; left out where the format holds none.
  /// - Throws: `MediaError` where the extension is unknown, the path cannot be written, the format
  ///   cannot hold the frames, or it needs `ffmpeg` and there is none.
  package func write(
    to path: String, framesPerSecond: Double = 8, stripGap: Int = 0, text: String? = nil
  ) async throws(MediaError) {
    let format = try OutputFormat(path: path)
    guard framesPerSecond >= 0.1, framesPerSecond <= 240 else {
      throw MediaError(
        path: path, message: "cannot show \(framesPerSecond) frames per second; 0.1 to 240 can be")
    }
    precondition(stripGap >= 0 && stripGap <= MediaLimits().side)
    try checkWritable(path: path)
    switch format {
    case .png: try writePNG(to: path, stripGap: stripGap, text: text)
    case .webp:
      var bytes = try encodeWebP(path: path, frames: self, framesPerSecond: framesPerSecond)
      if let text { bytes = try webPBytes(path: path, bytes, adding: text) }
      try writeAtomically(path: path, bytes: bytes)
    case .gif:
      // A palette of the frames' own colours: exact where there are at most 256.
      let palette = "split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse"
      try await encodeWithFFmpeg(
        path: path, frames: self, framesPerSecond: framesPerSecond, muxer: "gif",
        encoding: ["-vf", palette])
    case .mp4, .mov:
      // BT.709 by value and by label, so that players agree on the colours.
      try await encodeWithFFmpeg(
        path: path, frames: extendedToEvenSides(), framesPerSecond: framesPerSecond,
        muxer: format.rawValue,
        encoding: [
          "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
          "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
          "-color_range", "tv", "-crf", "12", "-movflags", "+faststart",
        ])
    }
  }

  /// Writes one picture, or a strip of all frames from left to right, as PNG, whole or not at all.
  ///
  /// - Parameters:
  ///   - stripGap: columns of mid-grey between the frames of a strip, from 0 to 16384.
  ///   - text: what made the frames, as `PictureText` says.
  /// - Throws: `MediaError` where the path cannot be written, or the picture is too large.
  package func writePNG(
    to path: String, stripGap: Int = 0, text: String? = nil
  ) throws(MediaError) {
    let stripWidth = count * width + (count - 1) * stripGap
    let side = MediaLimits().side
    guard stripWidth <= side, height <= side else {
      throw MediaError(
        path: path,
        message: "would be \(stripWidth)x\(height) pixels; a side may have at most \(side)",
        help: count > 1 ? "write .webp, which holds frames one by one" : nil)
    }
    var bytes = try encodePNG(path: path, frame: strip(gap: stripGap))
    if let text { bytes = pngBytes(bytes, adding: text) }
    try writeAtomically(path: path, bytes: bytes)
  }
}
