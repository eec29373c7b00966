import Media

/// How far the pixels of a clip differ from the sky.
struct SkyDeviations: Sendable {
  let width: Int
  /// Rows of sky: without the ground, which is the lowest sixth.
  let height: Int
  private let frames: Frames
  private let background: [PixelColour]
  /// [frame, row, column]: the largest difference of a channel, in levels of 255.
  private let values: [Float]

  /// What differs less is sky.
  private static let threshold: Float = 34

  init(_ frames: Frames) {
    self.frames = frames
    width = frames.width
    height = max(1, frames.height * 5 / 6)
    var background: [PixelColour] = []
    for row in 0..<height {
      func median(_ channel: Int) -> Double {
        var counts = [Int](repeating: 0, count: 256)
        for frame in 0..<frames.count {
          for column in 0..<frames.width {
            let pixel = (frame * frames.height + row) * frames.width + column
            counts[Int(frames.pixels[pixel * 3 + channel])] += 1
          }
        }
        var rest = frames.count * frames.width / 2
        for (level, count) in counts.enumerated() {
          rest -= count
          if rest < 0 { return Double(level) }
        }
        return 255
      }
      background.append(PixelColour(red: median(0), green: median(1), blue: median(2)))
    }
    self.background = background
    var values: [Float] = []
    values.reserveCapacity(frames.count * height * width)
    for frame in 0..<frames.count {
      for row in 0..<height {
        for column in 0..<width {
          let colour = Self.colour(frames, row * frames.width + column, frame: frame)
          values.append(Float(colour.difference(from: background[row])))
        }
      }
    }
    self.values = values
  }

  private static func colour(_ frames: Frames, _ pixel: Int, frame: Int) -> PixelColour {
    let start = (frame * frames.height * frames.width + pixel) * 3
    return PixelColour(
      red: Double(frames.pixels[start]), green: Double(frames.pixels[start + 1]),
      blue: Double(frames.pixels[start + 2]))
  }

  /// The colour of a pixel by its place, row by row.
  func colour(_ pixel: Int, frame: Int) -> PixelColour { Self.colour(frames, pixel, frame: frame) }

  /// The colour of the sky in the row of a pixel.
  func sky(behind pixel: Int) -> PixelColour { background[pixel / width] }

  /// The difference of a pixel from the sky.
  func value(_ pixel: Int, frame: Int) -> Float { values[frame * height * width + pixel] }

  /// The pixels of a frame that differ, row by row.
  func mask(frame: Int) -> [Bool] {
    values[frame * height * width..<(frame + 1) * height * width].map { $0 > Self.threshold }
  }

  /// The mean colour of the sky between two heights, from 0 (top) to 1 (bottom of the picture).
  func meanBackground(from top: Double, to bottom: Double) -> PixelColour {
    let first = min(Int(top * Double(frames.height)), height - 1)
    let last = min(max(first + 1, Int(bottom * Double(frames.height))), height)
    return PixelColour(meanOf: background[first..<last]) ?? background[0]
  }

  /// Where things go: the one shift, over nearly half of the clip, that brings what differs in each
  /// frame best onto what differs in the later one.
  var motion: Scene.Motion {
    let gap = max(1, frames.count * 5 / 12)
    guard frames.count > gap else { return .still }
    let reach = width / 6
    var best = (cost: Float.infinity, x: 0, y: 0)
    for y in -reach...reach {
      for x in -reach...reach {
        let cost = cost(x: x, y: y, gap: gap)
        // Of equal shifts the shortest.
        let isShorter = abs(x) + abs(y) < abs(best.x) + abs(best.y)
        if cost < best.cost || cost == best.cost && isShorter { best = (cost, x, y) }
      }
    }
    // Less than a fifteenth of the picture over the whole clip is no motion.
    let whole = Double(frames.count - 1) / Double(gap)
    let length = Double(max(abs(best.x), abs(best.y))) * whole
    guard length >= Double(width) / 15 else { return .still }
    if abs(best.x) >= abs(best.y) { return best.x < 0 ? .left : .right }
    return best.y < 0 ? .rising : .setting
  }

  /// The mean difference between frames and the shifted ones `gap` later, where both have pixels.
  private func cost(x: Int, y: Int, gap: Int) -> Float {
    let rows = max(0, -y)..<min(height, height - y)
    let columns = max(0, -x)..<min(width, width - x)
    var sum: Float = 0
    values.withUnsafeBufferPointer { values in
      for frame in 0..<frames.count - gap {
        for row in rows {
          let early = (frame * height + row) * width
          let late = ((frame + gap) * height + row + y) * width + x
          for column in columns {
            // What is far from the sky counts alike, whatever its colour.
            sum += abs(min(values[early + column], 80) - min(values[late + column], 80))
          }
        }
      }
    }
    return sum / Float(rows.count * columns.count)
  }
}
