import Glibc
import Media
import Subprocess
import Testing

/// A folder of its own under the system's temporary folder, removed at the end.
func withTemporaryFolder<Result>(
  _ body: (_ folder: String) async throws -> Result
) async throws -> Result {
  var template = Array("/tmp/media-tests-XXXXXX".utf8CString)
  try #require(mkdtemp(&template) != nil)
  let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  do {
    let result = try await body(folder)
    removeTree(folder)
    return result
  } catch {
    removeTree(folder)
    throw error
  }
}

/// The names in a folder, sorted, hidden ones included.
func names(in folder: String) -> [String] {
  guard let listing = opendir(folder) else { return [] }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

private func removeTree(_ path: String) {
  for name in names(in: path) { removeTree("\(path)/\(name)") }
  if rmdir(path) != 0 { unlink(path) }
}

/// Writes bytes as they are, without the code under test.
func put(_ bytes: [UInt8], at path: String) throws {
  let file = try #require(fopen(path, "wb"))
  defer { fclose(file) }
  try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// Reads all bytes, without the code under test.
func get(_ path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "rb"))
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let got = fread(&buffer, 1, buffer.count, file)
    if got == 0 { return bytes }
    bytes += buffer[..<got]
  }
}

/// Bytes from pairs of hexadecimal digits.
func bytes(hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Frames whose sizes are known to fit.
func made(count: Int, height: Int, width: Int, channels: Int, pixels: [UInt8]) -> Frames {
  guard
    let frames = Frames(
      count: count, height: height, width: width, channels: channels, pixels: pixels)
  else { preconditionFailure("\(pixels.count) bytes do not make \(count) of \(width)x\(height)") }
  return frames
}

/// Frames of bytes without a pattern that a codec could exploit, the same on every run.
func noise(count: Int, height: Int, width: Int, channels: Int, seed: UInt64 = 1) -> Frames {
  var state = seed
  let pixels = (0..<count * height * width * channels).map { _ -> UInt8 in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 56)
  }
  return made(count: count, height: height, width: width, channels: channels, pixels: pixels)
}

/// Frames of one colour each, [frame][red, green, blue].
func plain(_ colours: [[UInt8]], height: Int, width: Int) -> Frames {
  let pixels = colours.flatMap { colour in
    (0..<height * width).flatMap { _ in colour }
  }
  return made(count: colours.count, height: height, width: width, channels: 3, pixels: pixels)
}

/// The largest difference between two pixels of frames of one shape.
func largestDifference(_ left: Frames, _ right: Frames) -> Int {
  zip(left.pixels, right.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

/// The error that reading a path ends in, nil where it succeeds.
func readingError(_ path: String, limits: MediaLimits = MediaLimits()) async -> MediaError? {
  do throws(MediaError) {
    _ = try await Frames.read(path: path, limits: limits)
    return nil
  } catch {
    return error
  }
}

/// The error that writing to a path ends in, nil where it succeeds.
func writingError(_ frames: Frames, to path: String) async -> MediaError? {
  do throws(MediaError) {
    try await frames.write(to: path)
    return nil
  } catch {
    return error
  }
}

/// Runs a program and returns what it printed.
func output(of program: String, _ arguments: [String]) async throws -> [UInt8] {
  let result = try await run(
    .name(program), arguments: Arguments(arguments), input: .none,
    output: .bytes(limit: 1 << 24), error: .discarded)
  try #require(result.terminationStatus.isSuccess)
  return result.standardOutput
}
