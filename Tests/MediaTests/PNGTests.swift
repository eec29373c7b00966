import Media
import Testing

/// A PNG file built chunk by chunk with another deflate, and what it shows.
struct PNGSample: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let file: String
  let channels: Int
  let width: Int
  let pixels: [UInt8]

  static let all = [
    PNGSample(
      testDescription: "grey, 8 bits",
      file: "89504e470d0a1a0a0000000d4948445200000003000000020800000000b81f39c6000000104944415478da"
        + "636068f8cfc0c8c40c00080d0186e5485e350000000049454e44ae426082",
      channels: 1, width: 3, pixels: [0, 128, 255, 1, 2, 3]),
    PNGSample(
      testDescription: "grey, 1 bit",
      file: "89504e470d0a1a0a0000000d4948445200000003000000010100000000339b29190000000a4944415478da"
        + "6358000000a200a17105cb410000000049454e44ae426082",
      channels: 1, width: 3, pixels: [255, 0, 255]),
    PNGSample(
      testDescription: "palette",
      file: "89504e470d0a1a0a0000000d4948445200000002000000010803000000c3fc8fb800000006504c5445ff00"
        + "000080ff572265c50000000b4944415478da63606400000005000242c2449f0000000049454e44ae426082",
      channels: 3, width: 2, pixels: [0, 128, 255, 255, 0, 0]),
    PNGSample(
      testDescription: "a fifth opaque is a fifth as bright",
      file: "89504e470d0a1a0a0000000d4948445200000002000000010806000000f4227f8a0000000f4944415478da"
        + "63389162f41f888d01140f03ef686ac1390000000049454e44ae426082",
      channels: 3, width: 2, pixels: [200, 100, 50, 40, 20, 10]),
    PNGSample(
      testDescription: "16 bits",
      file: "89504e470d0a1a0a0000000d49484452000000020000000110020000002bd0349e000000154944415478da"
        + "6368686060f8ff5f404041c1c101001cce03df04ec04710000000049454e44ae426082",
      channels: 3, width: 2, pixels: [128, 0, 255, 16, 32, 64]),
  ]
}

@Suite struct PNGTests {
  @Test(arguments: PNGSample.all)
  func `every kind of PNG is read as what it shows`(sample: PNGSample) async throws {
    try await withTemporaryFolder { folder in
      try put(bytes(hex: sample.file), at: "\(folder)/sample.png")
      let frames = try await Frames.read(path: "\(folder)/sample.png")
      #expect(frames.count == 1)
      #expect(frames.channels == sample.channels)
      #expect(frames.width == sample.width)
      #expect(frames.pixels == sample.pixels)
    }
  }

  @Test(arguments: [1, 3], [(1, 1), (2, 3), (64, 17)])
  func `what is written is read back exactly`(channels: Int, size: (Int, Int)) async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 1, height: size.0, width: size.1, channels: channels)
      try await frames.write(to: "\(folder)/a.png")
      #expect(try await Frames.read(path: "\(folder)/a.png") == frames)
      #expect(names(in: folder) == ["a.png"])
    }
  }

  @Test func `several frames become a strip`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 3, height: 4, width: 5, channels: 3)
      try await frames.write(to: "\(folder)/a.png")
      #expect(try await Frames.read(path: "\(folder)/a.png") == frames.strip())
      try await frames.write(to: "\(folder)/a.png", stripGap: 2)
      #expect(try await Frames.read(path: "\(folder)/a.png").width == 3 * 5 + 2 * 2)
    }
  }

  @Test func `a strip that is too wide is refused with another way`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 20, height: 1, width: 1000, channels: 1)
      let error = await writingError(frames, to: "\(folder)/a.png")
      #expect(error?.message == "would be 20000x1 pixels; a side may have at most 16384")
      #expect(error?.help == "write .webp, which holds frames one by one")
      #expect(names(in: folder) == [])
    }
  }

  @Test func `a header that claims a huge picture is refused`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/huge.png"
      var file = bytes(hex: PNGSample.all[0].file)
      file.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
      try put(file, at: path)
      let error = await readingError(path)
      #expect(
        error
          == MediaError(
            path: path,
            message: "is 2147483647x2147483647 pixels; a side may have at most 16384"))
    }
  }

  @Test func `a picture over the limit of pixels is refused`() async throws {
    try await withTemporaryFolder { folder in
      try await noise(count: 1, height: 10, width: 10, channels: 1).write(to: "\(folder)/a.png")
      var limits = MediaLimits()
      limits.pixels = 99
      let error = await readingError("\(folder)/a.png", limits: limits)
      #expect(error?.message == "holds 100 pixels (1 of 10x10); at most 99 are read")
    }
  }

  @Test func `a PNG cut anywhere is an error that names it`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/cut.png"
      try await noise(count: 1, height: 6, width: 7, channels: 3).write(to: path)
      let whole = try get(path)
      for length in 0..<whole.count {
        try put(Array(whole[..<length]), at: path)
        let error = await readingError(path)
        #expect(error?.path == path, "cut at \(length)")
      }
    }
  }

  @Test func `a PNG with a byte flipped is an error or the same frames`()
    async throws
  {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/flipped.png"
      let frames = noise(count: 1, height: 6, width: 7, channels: 3)
      try await frames.write(to: path)
      let whole = try get(path)
      for index in whole.indices {
        for mask in [0x01, 0x80, 0xFF] as [UInt8] {
          var damaged = whole
          damaged[index] ^= mask
          try put(damaged, at: path)
          guard let read = try? await Frames.read(path: path) else { continue }
          #expect(read == frames, "byte \(index) of \(whole.count)")
        }
      }
    }
  }
}
