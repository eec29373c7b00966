import Media
import Testing

/// Texts in pictures: what is written is read, and what nobody writes is refused.
@Suite struct PictureTextTests {
  private let text = #"{"prompt":"<Sora> & \"sky\" 'is' blau, grün, 空"}"#

  private func frames(_ count: Int) throws -> Frames {
    try #require(
      Frames(
        count: count, height: 2, width: 3, channels: 1,
        pixels: (0..<UInt8(count * 6)).map { $0 * 7 }))
  }

  @Test(arguments: ["a.png", "a.webp"], [1, 3])
  func `a text comes back, and the pixels do not change`(name: String, count: Int) async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/\(name)"
      try await frames(count).write(to: path)
      #expect(try PictureText.read(path: path) == nil)
      let plain = try await Frames.read(path: path)
      try await frames(count).write(to: path, text: text)
      #expect(try PictureText.read(path: path) == text)
      #expect(try await Frames.read(path: path) == plain)
    }
  }

  @Test func `a damaged text is refused`() async throws {
    try await withTemporaryFolder { folder in
      let path = "\(folder)/a.png"
      try await frames(1).write(to: path, text: text)
      let whole = try get(path)
      #expect(try pngText(path: path, bytes: whole) == text)
      // Its chunk follows the header, which ends at byte 33.
      let length = whole[33..<37].reduce(0) { $0 << 8 | Int($1) }
      let chunk = Array(whole[33..<(33 + length + 12)])
      func refused(_ bytes: [UInt8]) -> Bool {
        do throws(MediaError) {
          _ = try pngText(path: path, bytes: bytes)
          return false
        } catch {
          return !error.message.isEmpty
        }
      }
      #expect(refused(Array(whole[..<33]) + chunk + Array(whole[33...])))
      for index in 33..<(33 + length + 12) {
        var bytes = whole
        bytes[index] ^= 0x20
        let isOther = (37..<50).contains(index)
        // A chunk of another name is another program's.
        #expect(
          refused(bytes) || (isOther && (try? pngText(path: path, bytes: bytes)) == .some(nil)))
      }
      for end in 0..<whole.count { #expect(refused(Array(whole[..<end]))) }
    }
  }
}
