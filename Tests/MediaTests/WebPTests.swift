import Media
import Testing

/// The names of the chunks of a RIFF file; of frames, of what they hold.
private func chunks(_ file: ArraySlice<UInt8>) -> [String] {
  var names: [String] = []
  var rest = file
  while rest.count >= 8 {
    let name = String(decoding: rest.prefix(4), as: UTF8.self)
    let size = rest.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    names.append(name)
    let body = rest.dropFirst(8).prefix(size)
    if name == "ANMF" { names += chunks(body.dropFirst(16)) }
    rest = rest.dropFirst(8 + size + size % 2)
  }
  return names
}

/// The milliseconds that each frame of an animation is shown.
private func durations(_ file: [UInt8]) -> [Int] {
  var result: [Int] = []
  var rest = file.dropFirst(12)
  while rest.count >= 8 {
    let size = rest.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    if rest.starts(with: "ANMF".utf8) {
      result.append(rest.dropFirst(8 + 12).prefix(3).reversed().reduce(0) { $0 << 8 | Int($1) })
    }
    rest = rest.dropFirst(8 + size + size % 2)
  }
  return result
}

@Suite struct WebPTests {
  @Test(arguments: [1, 2, 5], [1, 3])
  func `what is written is read back exactly`(count: Int, channels: Int) async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: count, height: 9, width: 14, channels: channels)
      try await frames.write(to: "\(folder)/a.webp")
      let read = try await Frames.read(path: "\(folder)/a.webp")
      #expect(read == frames.converted(toChannels: 3))
      #expect(names(in: folder) == ["a.webp"])
    }
  }

  @Test func `one frame is a lossless picture, several a lossless animation`() async throws {
    try await withTemporaryFolder { folder in
      try await noise(count: 1, height: 4, width: 4, channels: 3).write(to: "\(folder)/a.webp")
      #expect(chunks(try get("\(folder)/a.webp").dropFirst(12)) == ["VP8L"])
      try await noise(count: 2, height: 4, width: 4, channels: 3).write(to: "\(folder)/b.webp")
      #expect(
        chunks(try get("\(folder)/b.webp").dropFirst(12))
          == ["VP8X", "ANIM", "ANMF", "VP8L", "ANMF", "VP8L"])
    }
  }

  @Test func `a frame that equals the one before it is kept`() async throws {
    try await withTemporaryFolder { folder in
      let frames = plain(Array(repeating: [9, 8, 7], count: 4), height: 3, width: 3)
      try await frames.write(to: "\(folder)/a.webp")
      #expect(try await Frames.read(path: "\(folder)/a.webp") == frames)
    }
  }

  @Test func `rounded durations add up to the length of the video`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 24, height: 2, width: 2, channels: 1)
      try await frames.write(to: "\(folder)/a.webp", framesPerSecond: 24)
      let shown = durations(try get("\(folder)/a.webp"))
      #expect(shown.reduce(0, +) == 1000)
      #expect(shown.allSatisfy { $0 == 41 || $0 == 42 })
    }
  }

  @Test func `only the first frames are read where no more are asked for`() async throws {
    try await withTemporaryFolder { folder in
      let frames = noise(count: 5, height: 4, width: 4, channels: 3)
      try await frames.write(to: "\(folder)/a.webp")
      let read = try await Frames.read(path: "\(folder)/a.webp", first: 2)
      #expect(read.pixels == Array(frames.pixels.prefix(2 * 4 * 4 * 3)))
      #expect(try await Frames.read(path: "\(folder)/a.webp", first: 9) == frames)
    }
  }

  @Test func `an animation over the limit of frames is refused`() async throws {
    try await withTemporaryFolder { folder in
      try await noise(count: 5, height: 4, width: 4, channels: 3).write(to: "\(folder)/a.webp")
      var limits = MediaLimits()
      limits.frames = 4
      let error = await readingError("\(folder)/a.webp", limits: limits)
      #expect(error?.message == "has 5 frames; at most 4 are read")
    }
  }

  @Test(arguments: [1, 3])
  func `a WebP cut anywhere is an error that names it`(count: Int) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/cut.webp"
      try await noise(count: count, height: 6, width: 7, channels: 3).write(to: path)
      let whole = try get(path)
      for length in 0..<whole.count {
        try put(Array(whole[..<length]), at: path)
        let error = await readingError(path)
        #expect(error?.path == path, "cut at \(length) of \(whole.count)")
      }
    }
  }

  @Test func `a WebP with a byte flipped is an error or whole frames`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/flipped.webp"
      try await noise(count: 2, height: 6, width: 7, channels: 3).write(to: path)
      let whole = try get(path)
      var limits = MediaLimits()
      limits.pixels = 1 << 16
      for index in whole.indices {
        for mask in [0x01, 0x80, 0xFF] as [UInt8] {
          var damaged = whole
          damaged[index] ^= mask
          try put(damaged, at: path)
          guard let read = try? await Frames.read(path: path, limits: limits) else { continue }
          #expect(read.pixels.count == read.count * read.height * read.width * read.channels)
        }
      }
    }
  }
}
