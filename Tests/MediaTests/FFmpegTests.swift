import Glibc
import Media
import Testing

@Suite struct MissingFFmpegTests {
  @Test func `without ffmpeg the error names the package`() async {
    await #expect(processExitsWith: .success) {
      setenv("PATH", "/nonexistent", 1)
      #expect(await !ffmpegIsInstalled())
      try await withTemporaryFolder { folder in
        let frame = noise(count: 1, height: 2, width: 2, channels: 3)
        let path = "\(folder)/a.mp4"
        let expected = MediaError(
          path: path, message: "needs the ffmpeg program, which is not on PATH",
          help: "install it with: apt-get install ffmpeg")
        let writing = await writingError(frame, to: path)
        #expect(writing == expected)
        #expect(names(in: folder) == [])
        await #expect(throws: expected) { try await Frames.checkOutput(path: path) }
        try put([1, 2, 3], at: path)
        let reading = await readingError(path)
        #expect(reading == expected)
        try await frame.write(to: "\(folder)/a.webp")
      }
    }
  }
}

@Suite(.enabled("ffmpeg is installed") { await ffmpegIsInstalled() })
struct FFmpegTests {
  /// Smooth frames, which a lossy codec keeps well.
  let gradient: Frames = {
    var pixels: [UInt8] = []
    for frame in 0..<6 {
      for row in 0..<32 {
        for column in 0..<48 { pixels += [UInt8(row * 8), UInt8(column * 5), UInt8(frame * 40)] }
      }
    }
    return made(count: 6, height: 32, width: 48, channels: 3, pixels: pixels)
  }()

  /// Width, height, pixel format, frame count of the first video stream, as ffprobe counts them.
  func probe(_ path: String) async throws -> String {
    let text = try await output(
      of: "ffprobe",
      [
        "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries",
        "stream=codec_name,width,height,pix_fmt,r_frame_rate,nb_read_frames", "-of",
        "csv=print_section=0", "file:\(path)",
      ])
    return String(decoding: text, as: UTF8.self).split(separator: "\n").joined()
  }

  @Test func `another decoder reads the PNG that is written`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 1, height: 11, width: 7, channels: 3)
      try await frames.write(to: "\(folder)/a.png")
      let raw = try await output(
        of: "ffmpeg",
        ["-v", "error", "-i", "\(folder)/a.png", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
      #expect(raw == frames.pixels)
    }
  }

  @Test func `another decoder reads the still WebP that is written`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 1, height: 11, width: 7, channels: 3)
      try await frames.write(to: "\(folder)/a.webp")
      let raw = try await output(
        of: "ffmpeg",
        ["-v", "error", "-i", "\(folder)/a.webp", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
      #expect(raw == frames.pixels)
    }
  }

  @Test(arguments: ["mp4", "mov"])
  func `a video has its frames, its speed and a format that plays everywhere`(
    name: String
  ) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.\(name)"
      try await gradient.write(to: path, framesPerSecond: 12)
      let facts = try await probe(path)
      #expect(facts.contains("48,32,yuv420p,12/1,6"), "\(facts)")
      let read = try await Frames.read(path: path)
      #expect(read.count == 6 && read.height == 32 && read.width == 48)
      #expect(largestDifference(read, gradient) <= 16)
      #expect(names(in: folder) == ["a.\(name)"])
    }
  }

  @Test func `odd sides are made even by repeating the edge`() async throws {
    try await withTemporaryFolder { folder in
      let frames = plain([[10, 20, 200], [200, 20, 10], [5, 250, 5]], height: 33, width: 17)
      try await frames.write(to: "\(folder)/a.mp4")
      let read = try await Frames.read(path: "\(folder)/a.mp4")
      #expect(read.count == 3 && read.height == 34 && read.width == 18)
      #expect(
        largestDifference(
          read, plain([[10, 20, 200], [200, 20, 10], [5, 250, 5]], height: 34, width: 18)) <= 8)
    }
  }

  @Test func `the smallest video is one pixel`() async throws {
    try await withTemporaryFolder { folder in
      let frames = plain([[0, 0, 0], [255, 255, 255]], height: 1, width: 1)
      try await frames.write(to: "\(folder)/a.mp4")
      #expect(try await Frames.read(path: "\(folder)/a.mp4").count == 2)
      try await frames.write(to: "\(folder)/a.gif")
      #expect(try await Frames.read(path: "\(folder)/a.gif") == frames)
    }
  }

  @Test func `a GIF of few colours is exact`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 4, height: 6, width: 8, channels: 1).converted(toChannels: 3)
      try await frames.write(to: "\(folder)/a.gif", framesPerSecond: 10)
      #expect(try await probe("\(folder)/a.gif").hasSuffix("10/1,4"))
      #expect(try await Frames.read(path: "\(folder)/a.gif") == frames)
    }
  }

  @Test func `frames that do not change are all kept`() async throws {
    try await withTemporaryFolder { folder in
      let frames = plain(Array(repeating: [40, 80, 120], count: 5), height: 16, width: 16)
      for name in ["mp4", "mov", "gif"] {
        try await frames.write(to: "\(folder)/a.\(name)")
        #expect(try await Frames.read(path: "\(folder)/a.\(name)").count == 5, "\(name)")
      }
    }
  }

  @Test func `only the first frames are read where no more are asked for`() async throws {
    try await withTemporaryFolder { folder in
      try await gradient.write(to: "\(folder)/a.mp4")
      #expect(try await Frames.read(path: "\(folder)/a.mp4", first: 2).count == 2)
    }
  }

  @Test func `a video over a limit is refused while it is read`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.mp4"
      try await gradient.write(to: path)
      var limits = MediaLimits()
      limits.frames = 5
      #expect(
        await readingError(path, limits: limits)?.message == "has 6 frames; at most 5 are read")
      limits = MediaLimits()
      limits.pixels = 3 * 32 * 48
      #expect(
        await readingError(path, limits: limits)?.message
          == "holds 6144 pixels (4 of 48x32); at most 4608 are read")
      limits.side = 40
      #expect(
        await readingError(path, limits: limits)?.message
          == "is 48x32 pixels; a side may have at most 40")
      limits.pixels = 100
      #expect(await readingError(path, limits: limits) != nil)
    }
  }

  @Test(arguments: ["mp4", "mov", "gif", "jpg"])
  func `a file cut in the middle is an error that names it`(name: String) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.\(name)"
      if name == "jpg" {
        try await gradient.frame(0).write(to: "\(folder)/b.png")
        _ = try await output(of: "ffmpeg", ["-v", "error", "-i", "\(folder)/b.png", path])
      } else {
        try await gradient.write(to: path)
      }
      #expect(await readingError(path) == nil)
      let whole = try get(path)
      for tenths in 1...9 {
        try put(Array(whole[..<(whole.count * tenths / 10)]), at: path)
        #expect(await readingError(path)?.path == path, "cut at \(tenths) tenths")
      }
    }
  }

  @Test(arguments: ["mp4", "gif", "jpg", "webm", "avi", "y4m"])
  func `a file that is something else is an error of one line`(name: String) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.\(name)"
      try put(Array("#EXTM3U\nfile:///etc/passwd\n".utf8), at: path)
      let error = try #require(await readingError(path))
      #expect(error.path == path)
      #expect(!error.message.contains("\n"))
    }
  }

  @Test func `a name that looks like an option, a protocol or a pattern is only a name`()
    async throws
  {
    try await withTemporaryFolder { folder in
      try #require(mkdir("\(folder)/http:", 0o755) == 0)
      for name in ["-y.mp4", "http:/a.mp4", "%03d.gif", "a b'\"$(x)|.gif", "pipe:1.gif"] {
        let path = "\(folder)/\(name)"
        try await gradient.write(to: path)
        #expect(try await Frames.read(path: path).count == 6, "\(name)")
      }
    }
  }

  @Test func `pictures of other kinds are read, alone and in a folder`() async throws {
    try await withTemporaryFolder { folder in
      // Few colours, which every one of these formats keeps exactly.
      let frames = noise(count: 3, height: 6, width: 8, channels: 1).converted(toChannels: 3)
      try await frames.write(to: "\(folder)/a.gif")
      for name in ["bmp", "tiff", "ppm"] {
        let pictures = "\(folder)/\(name)"
        try #require(mkdir(pictures, 0o755) == 0)
        _ = try await output(
          of: "ffmpeg",
          [
            "-v", "error", "-i", "\(folder)/a.gif", "-pix_fmt", name == "bmp" ? "bgr24" : "rgb24",
            "\(pictures)/f%d.\(name)",
          ])
        #expect(try await Frames.read(path: pictures) == frames, "\(name)")
        #expect(try await Frames.read(path: "\(pictures)/f2.\(name)") == frames.frame(1))
      }
    }
  }

  @Test func `a failure leaves no file behind and the old one as it was`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.gif"
      try put([1, 2, 3], at: path)
      // The GIF format counts sides in 16 bits.
      let wide = made(
        count: 1, height: 1, width: 70000, channels: 1,
        pixels: [UInt8](repeating: 7, count: 70000))
      #expect(await writingError(wide, to: path) != nil)
      #expect(names(in: folder) == ["a.gif"])
      #expect(try get(path) == [1, 2, 3])
    }
  }
}
