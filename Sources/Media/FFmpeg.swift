import Glibc
import Subprocess
import SystemPackage

/// Tells whether the `ffmpeg` program is in a folder of `PATH`.
package func ffmpegIsInstalled() async -> Bool {
  await (try? Executable.name("ffmpeg").resolveExecutablePath(in: .inherit)) != nil
}

/// Fails where a path needs the `ffmpeg` program and it is not installed.
func requireFFmpeg(path: String) async throws(MediaError) {
  guard await ffmpegIsInstalled() else {
    throw MediaError(
      path: path, message: "needs the ffmpeg program, which is not on PATH",
      help: "install it with: apt-get install ffmpeg")
  }
}

/// Most bytes of complaints that are kept of one run.
private let complaintLimit = 1 << 20

/// The arguments of every run: no console, no words but errors.
private let quietly = ["-hide_banner", "-nostdin", "-v", "error"]

/// What ffmpeg said last, as part of a message: one line, without the path and control characters.
private func lastComplaint(_ bytes: [UInt8], path: String) -> String {
  let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
  guard var line = lines.last(where: { !$0.hasPrefix("To ignore this") }) else {
    return "no reason given"
  }
  if line.hasPrefix("Stream map") { return "it holds no pictures" }
  // "[decoder @ 0x55d0c8] " holds an address, another one each time.
  if line.hasPrefix("["), let bracket = line.firstIndex(of: "]") {
    line = line[line.index(after: bracket)...].drop { $0 == " " }
  }
  if line.hasPrefix("file:\(path): ") { line = line.dropFirst("file:\(path): ".count) }
  let printable = line.unicodeScalars.filter { $0.properties.generalCategory != .control }
  return String(String.UnicodeScalarView(printable).prefix(200))
}

/// Decodes a picture or a video through `ffmpeg`, frame by frame as they are shown, to 3 channels.
///
/// The file reaches `ffmpeg` as a name that cannot be read as an option or a protocol, with its
/// format told rather than guessed, so that a playlist in disguise opens no other file. The pixels
/// come back through a pipe. MP4, MOV, GIF and JPEG files that are cut short are refused; formats
/// made for streams (WebM, AVI, MPEG) give the frames up to the cut.
///
/// - Parameters:
///   - demuxer: ffmpeg's name of the format of the file.
///   - first: the number of frames to read at most, nil for all.
/// - Throws: `MediaError` where `ffmpeg` is not installed or cannot read the file, or the frames are
///   over `limits`.
func decodeWithFFmpeg(
  path: String, demuxer: String, first: Int?, limits: MediaLimits
) async throws(MediaError) -> Frames {
  let byteCount = try requireRegularFile(path: path)
  try await requireFFmpeg(path: path)
  // ffmpeg takes a GIF without its end for a shorter one.
  if demuxer == "gif", try readByte(path: path, at: byteCount - 1) != UInt8(ascii: ";") {
    throw MediaError(path: path, message: "is a truncated or corrupt GIF picture")
  }
  // One frame more than is allowed shows that there are too many.
  let frameLimit = first ?? limits.frames + 1
  // A cut JPEG is an error, not a picture with a made-up rest. Other decoders, told the same, also
  // refuse what is merely unusual.
  let strictness = demuxer == "jpeg_pipe" ? ["-err_detect", "explode"] : []
  let arguments =
    quietly + strictness + [
      "-xerror", "-protocol_whitelist", "file", "-max_pixels", String(limits.pixels),
      "-f", demuxer, "-i", "file:\(path)",
      "-map", "0:v:0", "-frames:v", String(frameLimit), "-fps_mode", "passthrough",
      "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1",
    ]
  do {
    let result = try await run(
      .name("ffmpeg"), arguments: Arguments(arguments), input: .none, output: .sequence,
      error: .bytes(limit: complaintLimit)
    ) { execution in
      var stream = PPMStream(path: path, limits: limits)
      for try await piece in execution.standardOutput {
        try piece.withUnsafeBytes { (bytes) throws(MediaError) in try stream.consume(bytes) }
      }
      return stream
    }
    guard result.terminationStatus.isSuccess else {
      let complaint = lastComplaint(result.standardError, path: path)
      throw MediaError(path: path, message: "cannot be decoded by ffmpeg: \(complaint)")
    }
    guard let frames = try result.closureResult.finish() else {
      throw MediaError(path: path, message: "holds no picture")
    }
    return frames
  } catch let error as MediaError {
    throw error
  } catch {
    throw MediaError(path: path, message: "cannot be decoded by ffmpeg: \(error)")
  }
}

/// Encodes frames through `ffmpeg`, whole or not at all.
///
/// The pixels reach `ffmpeg` in a file without a name rather than a pipe: writing to a pipe whose
/// reader has died would end this process with it.
///
/// - Parameters:
///   - muxer: ffmpeg's name of the format of the file.
///   - encoding: the arguments that choose filters and codec.
/// - Throws: `MediaError` where `ffmpeg` is not installed or fails, or the path cannot be written.
func encodeWithFFmpeg(
  path: String, frames: Frames, framesPerSecond: Double, muxer: String, encoding: [String]
) async throws(MediaError) {
  try await requireFFmpeg(path: path)
  let file = try TemporaryFile(for: path)
  do throws(MediaError) {
    let colour = frames.converted(toChannels: 3)
    let input = try unnamedFile(path: path, bytes: colour.pixels)
    defer { fclose(input) }
    let arguments =
      quietly + [
        "-f", "rawvideo", "-pixel_format", "rgb24",
        "-video_size", "\(colour.width)x\(colour.height)",
        "-framerate", "\(framesPerSecond)", "-i", "pipe:0",
      ] + encoding + ["-f", muxer, "-y", "file:\(file.temporary)"]
    do {
      let result = try await run(
        .name("ffmpeg"), arguments: Arguments(arguments),
        input: .fileDescriptor(
          FileDescriptor(rawValue: fileno(input)), closeAfterSpawningProcess: false),
        output: .discarded, error: .bytes(limit: complaintLimit))
      guard result.terminationStatus.isSuccess else {
        let complaint = lastComplaint(result.standardError, path: file.temporary)
        throw MediaError(path: path, message: "cannot be written by ffmpeg: \(complaint)")
      }
    } catch let error as MediaError {
      throw error
    } catch {
      throw MediaError(path: path, message: "cannot be written by ffmpeg: \(error)")
    }
    try file.commit()
  } catch {
    file.discard()
    throw error
  }
}

/// An open file that holds the bytes, stands at its start and has no name.
private func unnamedFile(path: String, bytes: [UInt8]) throws(MediaError) -> UnsafeMutablePointer<
  FILE
> {
  guard let file = tmpfile() else {
    throw MediaError(path: path, message: "cannot be written: \(systemMessage())")
  }
  var failure = bytes.withUnsafeBytes { writeAll($0, to: fileno(file)) }
  if failure == 0, lseek(fileno(file), 0, SEEK_SET) != 0 { failure = errno }
  guard failure == 0 else {
    fclose(file)
    throw MediaError(
      path: path,
      message: "cannot be written: \(systemMessage(failure)) in the temporary folder of the system")
  }
  return file
}
