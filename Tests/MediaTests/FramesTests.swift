import Media
import Testing

@Suite struct FramesTests {
  @Test func `sizes must be positive and give the number of bytes`() {
    #expect(Frames(count: 1, height: 2, width: 2, channels: 1, pixels: [1, 2, 3, 4]) != nil)
    #expect(Frames(count: 1, height: 2, width: 2, channels: 1, pixels: [1, 2, 3]) == nil)
    #expect(Frames(count: 0, height: 2, width: 2, channels: 1, pixels: []) == nil)
    #expect(Frames(count: 1, height: -1, width: -4, channels: 1, pixels: [1, 2, 3, 4]) == nil)
    #expect(Frames(count: 1, height: 1, width: 1, channels: 2, pixels: [1, 2]) == nil)
    #expect(
      Frames(count: Int.max, height: Int.max, width: 4, channels: 1, pixels: [1, 2]) == nil)
  }

  @Test func `the part around the centre has the proportions asked for`() {
    let row = made(count: 1, height: 1, width: 5, channels: 1, pixels: [1, 2, 3, 4, 5])
    #expect(row.cropped(toProportionsOf: (1, 1)).pixels == [3])
    #expect(row.cropped(toProportionsOf: (2, 6)).pixels == [2, 3, 4])
    #expect(row.cropped(toProportionsOf: (1, 9)) == row)
    let tall = noise(count: 3, height: 7, width: 4, channels: 3)
    let square = tall.cropped(toProportionsOf: (32, 32))
    #expect(square.height == 4 && square.width == 4 && square.count == 3)
    #expect(Array(square.pixels.prefix(48)) == Array(tall.pixels[12..<60]))
    #expect(tall.cropped(toProportionsOf: (1000, 1)).width == 1)
  }

  @Test func `luma weighs red, green and blue as BT 601 does`() {
    let colours = plain(
      [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], height: 1, width: 1)
    // 76.245, 149.685, 29.07, 255
    #expect(colours.converted(toChannels: 1).pixels == [76, 150, 29, 255])
  }

  @Test func `grey repeated in three channels comes back the same`() {
    let grey = noise(count: 2, height: 3, width: 5, channels: 1)
    let colour = grey.converted(toChannels: 3)
    #expect(colour.channels == 3)
    #expect(Array(colour.pixels.prefix(6)) == grey.pixels.prefix(2).flatMap { [$0, $0, $0] })
    #expect(colour.converted(toChannels: 1) == grey)
  }

  @Test func `a pixel scaled up is a square of equal pixels`() throws {
    let frames = try #require(
      Frames(count: 2, height: 1, width: 2, channels: 1, pixels: [1, 2, 3, 4]))
    let scaled = frames.scaledUp(by: 2)
    #expect(scaled.height == 2 && scaled.width == 4 && scaled.count == 2)
    #expect(scaled.pixels == [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
    let colour = noise(count: 2, height: 3, width: 2, channels: 3)
    #expect(colour.scaledUp(by: 3).resized(height: 3, width: 2) == colour)
  }

  @Test func `a strip puts frames side by side`() throws {
    let frames = try #require(
      Frames(count: 2, height: 2, width: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(frames.strip().pixels == [1, 2, 5, 6, 3, 4, 7, 8])
    #expect(frames.strip(gap: 1).pixels == [1, 2, 56, 5, 6, 3, 4, 56, 7, 8])
    #expect(frames.strip(gap: 1).width == 5)
  }

  @Test func `a frame alone holds its own pixels`() throws {
    let frames = try #require(
      Frames(count: 2, height: 1, width: 2, channels: 1, pixels: [1, 2, 3, 4]))
    #expect(frames.frame(1).pixels == [3, 4])
  }

  @Test func `shrinking averages by area`() throws {
    let row = try #require(
      Frames(count: 1, height: 1, width: 6, channels: 1, pixels: [0, 10, 20, 30, 40, 50]))
    #expect(row.resized(height: 1, width: 3).pixels == [5, 25, 45])
    // Cells of 1.5 samples: (0 + 10/2) / 1.5, (10/2 + 20) / 1.5, (30 + 40/2) / 1.5, (40/2 + 50) / 1.5
    #expect(row.resized(height: 1, width: 4).pixels == [3, 17, 33, 47])
    let square = try #require(
      Frames(count: 1, height: 2, width: 2, channels: 1, pixels: [0, 100, 200, 101]))
    #expect(square.resized(height: 1, width: 1).pixels == [100])
  }

  @Test func `growing interpolates between pixel centres`() throws {
    let row = try #require(Frames(count: 1, height: 1, width: 2, channels: 1, pixels: [0, 100]))
    #expect(row.resized(height: 1, width: 4).pixels == [0, 25, 75, 100])
    let column = try #require(Frames(count: 1, height: 2, width: 1, channels: 1, pixels: [0, 100]))
    #expect(column.resized(height: 4, width: 1).pixels == [0, 25, 75, 100])
  }

  @Test(arguments: [(1, 1), (3, 7), (7, 3), (64, 5), (13, 13)])
  func `a plain colour stays itself at every size`(height: Int, width: Int) {
    let colours: [[UInt8]] = [[1, 128, 255], [0, 77, 254]]
    let frames = plain(colours, height: 11, width: 9)
    #expect(
      frames.resized(height: height, width: width)
        == plain(colours, height: height, width: width))
  }
}
