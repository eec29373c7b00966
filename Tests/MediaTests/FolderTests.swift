import Glibc
import Media
import Testing

@Suite struct FolderTests {
  @Test func `pictures of a folder come in the order of their numbers`() async throws {
    try await withTemporaryFolder { folder in
      for number in [1, 2, 10, 9, 100] {
        let grey = UInt8(number)
        try await plain([[grey, grey, grey]], height: 2, width: 2)
          .write(to: "\(folder)/frame\(number).png")
      }
      try put([1, 2, 3], at: "\(folder)/notes.txt")
      try put([1, 2, 3], at: "\(folder)/.hidden.png")
      try #require(mkdir("\(folder)/inner", 0o755) == 0)
      let frames = try await Frames.read(path: folder)
      #expect(frames.count == 5)
      #expect((0..<5).map { frames.frame($0).pixels[0] } == [1, 2, 9, 10, 100])
      #expect(try await Frames.read(path: "\(folder)/", first: 2).count == 2)
    }
  }

  @Test func `grey pictures stay grey and become colour beside colour`() async throws {
    try await withTemporaryFolder { folder in
      let grey = noise(count: 1, height: 2, width: 2, channels: 1)
      try await grey.write(to: "\(folder)/1.png")
      #expect(try await Frames.read(path: folder) == grey)
      let colour = noise(count: 1, height: 2, width: 2, channels: 3)
      try await colour.write(to: "\(folder)/2.webp")
      let both = try await Frames.read(path: folder)
      #expect(both.frame(0) == grey.converted(toChannels: 3))
      #expect(both.frame(1) == colour)
    }
  }

  @Test func `pictures of two sizes are refused by name`() async throws {
    try await withTemporaryFolder { folder in
      try await noise(count: 1, height: 2, width: 3, channels: 1).write(to: "\(folder)/1.png")
      try await noise(count: 1, height: 3, width: 3, channels: 1).write(to: "\(folder)/2.png")
      let error = await readingError(folder)
      #expect(error?.path == "\(folder)/2.png")
      #expect(error?.message == "is 3x3 pixels where 1.png in the same folder is 3x2")
    }
  }

  @Test func `a folder without pictures is an error`() async throws {
    try await withTemporaryFolder { folder in
      #expect(await readingError(folder) == MediaError(path: folder, message: "holds no pictures"))
    }
  }

  @Test func `an unreadable picture of a folder is named itself`() async throws {
    try await withTemporaryFolder { folder in
      try put([1, 2, 3], at: "\(folder)/bad.png")
      #expect(
        await readingError(folder)
          == MediaError(path: "\(folder)/bad.png", message: "is not a PNG picture"))
    }
  }
}
