import Glibc
import Media
import Testing

@Suite struct PathTests {
  let frame = noise(count: 1, height: 2, width: 2, channels: 3)

  @Test func `a missing file is an error`() async {
    #expect(
      await readingError("/nowhere/a.png")
        == MediaError(path: "/nowhere/a.png", message: "no such file"))
  }

  @Test func `an empty file, a device and no path at all are errors`() async throws {
    try await withTemporaryFolder { folder in
      try put([], at: "\(folder)/a.png")
      #expect(await readingError("\(folder)/a.png")?.message == "is empty")
      try #require(mkfifo("\(folder)/pipe.png", 0o600) == 0)
      #expect(await readingError("\(folder)/pipe.png")?.message == "is not a regular file")
      #expect(await readingError("")?.message == "is not a path")
      #expect(await readingError("a\0b.png")?.message == "is not a path")
      let writing = await writingError(frame, to: "\(folder)/pipe.png")
      #expect(writing?.message == "is not a regular file")
    }
  }

  @Test func `an unknown extension lists the known ones`() async throws {
    try await withTemporaryFolder { folder in
      let error = await writingError(frame, to: "\(folder)/a.xyz")
      #expect(error?.message == "has the unknown extension .xyz")
      #expect(error?.help == "known are .png .webp .mp4 .gif .mov")
      #expect(
        await writingError(frame, to: "\(folder)/a")?.message
          == "has no extension to tell its format")
      try put([1], at: "\(folder)/a.m3u8")
      let reading = await readingError("\(folder)/a.m3u8")
      #expect(reading?.message == "has the unknown extension .m3u8")
      #expect(reading?.help?.hasPrefix("known are .png .webp .jpg") == true)
    }
  }

  @Test func `the extension may be in capitals`() async throws {
    try await withTemporaryFolder { folder in
      try await frame.write(to: "\(folder)/A.PNG")
      #expect(try await Frames.read(path: "\(folder)/A.PNG") == frame)
    }
  }

  @Test func `a missing folder is told with the way to create it`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/inner/a.png"
      let expected = MediaError(
        path: path, message: "folder \(folder)/inner does not exist",
        help: "create it with: mkdir -p \(folder)/inner")
      #expect(await writingError(frame, to: path) == expected)
      await #expect(throws: expected) { try await Frames.checkOutput(path: path) }
    }
  }

  @Test func `a folder or a file in the place of the other is refused`() async throws {
    try await withTemporaryFolder { folder in
      try #require(mkdir("\(folder)/a.png", 0o755) == 0)
      #expect(
        await writingError(frame, to: "\(folder)/a.png")?.message
          == "is a folder; name a file in it")
      try put([1], at: "\(folder)/file")
      #expect(await writingError(frame, to: "\(folder)/file/a.png") != nil)
      #expect(names(in: folder) == ["a.png", "file"])
    }
  }

  @Test func `a folder that takes no files leaves a clear error`() async {
    // The kernel's own file system: not even the administrator creates files there.
    #expect(
      await writingError(frame, to: "/proc/a.png")?.message.hasPrefix("cannot be written") == true
        || getuid() != 0)
  }

  @Test func `the temporary name is in the same folder and tells the process`() {
    #expect(temporaryPath(for: "out/a.png") == "out/.a.png.\(getpid()).tmp")
    #expect(temporaryPath(for: "a.png") == ".a.png.\(getpid()).tmp")
    #expect(temporaryPath(for: "/a.png") == "/.a.png.\(getpid()).tmp")
  }

  @Test func `a file is replaced whole and a stale temporary file is no hindrance`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.bin"
      try put([9, 9, 9, 9], at: path)
      try put([7], at: temporaryPath(for: path))
      try writeAtomically(path: path, bytes: [1, 2])
      #expect(try get(path) == [1, 2])
      try writeAtomically(path: path, bytes: [])
      #expect(try get(path) == [])
      #expect(names(in: folder) == ["a.bin"])
    }
  }

  @Test func `a link planted under the temporary name is not followed`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.bin"
      try put([5], at: "\(folder)/victim")
      try #require(symlink("\(folder)/victim", temporaryPath(for: path)) == 0)
      try writeAtomically(path: path, bytes: [1, 2])
      #expect(try get("\(folder)/victim") == [5])
      #expect(names(in: folder) == ["a.bin", "victim"])
    }
  }

  @Test(arguments: [0, -1, 241, Double.nan, Double.infinity])
  func `a speed that nothing shows is refused`(framesPerSecond: Double) async throws {
    try await withTemporaryFolder { folder in
      await #expect(throws: MediaError.self) {
        try await frame.write(to: "\(folder)/a.webp", framesPerSecond: framesPerSecond)
      }
      #expect(names(in: folder) == [])
    }
  }

  @Test func `an error reads as one line`() {
    #expect(
      MediaError(path: "a.png", message: "is empty", help: "fill it").description
        == "a.png: is empty; fill it")
  }
}
