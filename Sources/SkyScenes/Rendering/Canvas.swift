/// Red, green and blue from 0 to 1, sRGB-encoded.
typealias Paint = SIMD3<Float>

/// A colour from bytes.
func paint(_ red: Float, _ green: Float, _ blue: Float) -> Paint { Paint(red, green, blue) / 255 }

/// A colour between two, `fraction` of the way.
func mixed(_ first: Paint, _ second: Paint, _ fraction: Float) -> Paint {
  first + (second - first) * fraction
}

/// 0 below the first edge, 1 above the second, smooth between them (Hermite).
func smoothStep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let unit = min(max((value - low) / (high - low), 0), 1)
  return unit * unit * (3 - 2 * unit)
}

/// A place in pixels: x to the right, y downwards, from the corner of the picture.
struct Place {
  var x: Float
  var y: Float

  func distance(to other: Place) -> Float {
    ((x - other.x) * (x - other.x) + (y - other.y) * (y - other.y)).squareRoot()
  }

  /// The distance to a stretch of a line.
  func distance(toSegment first: Place, _ second: Place) -> Float {
    let along = Place(x: second.x - first.x, y: second.y - first.y)
    let length = along.x * along.x + along.y * along.y
    let share = length > 0 ? ((x - first.x) * along.x + (y - first.y) * along.y) / length : 0
    let unit = min(max(share, 0), 1)
    return distance(to: Place(x: first.x + unit * along.x, y: first.y + unit * along.y))
  }
}

/// One frame being painted.
struct Canvas {
  let side: Int
  /// Row by row.
  private(set) var pixels: [Paint]

  /// A frame of a colour for each row, given the row's height from 0 (top) to 1 (bottom).
  init(side: Int, row: (Float) -> Paint) {
    self.side = side
    pixels = []
    pixels.reserveCapacity(side * side)
    for y in 0..<side {
      let colour = row((Float(y) + 0.5) / Float(side))
      for _ in 0..<side { pixels.append(colour) }
    }
  }

  /// Blends colours over the pixels near a place.
  ///
  /// - Parameters:
  ///   - centre: The middle of what is painted.
  ///   - reach: How far from it, across and down, anything is painted.
  ///   - sample: The colour and its opacity from 0 to 1 at the middle of a pixel.
  mutating func blend(
    around centre: Place, reach: Float, _ sample: (Place) -> (colour: Paint, opacity: Float)
  ) {
    let columns = clamped(centre.x - reach, centre.x + reach)
    let rows = clamped(centre.y - reach, centre.y + reach)
    for y in rows {
      for x in columns {
        let (colour, opacity) = sample(Place(x: Float(x) + 0.5, y: Float(y) + 0.5))
        blend(colour, opacity, column: x, row: y)
      }
    }
  }

  /// Blends a colour over a pixel.
  mutating func blend(_ colour: Paint, _ opacity: Float, column: Int, row: Int) {
    guard opacity > 0 else { return }
    let index = row * side + column
    pixels[index] = mixed(pixels[index], colour, min(opacity, 1))
  }

  private func clamped(_ low: Float, _ high: Float) -> Range<Int> {
    let first = min(max(Int(low.rounded(.down)), 0), side)
    return first..<max(first, min(max(Int(high.rounded(.up)), 0), side))
  }

  /// Adds the bytes of the frame, red, green and blue of each pixel.
  func append(to bytes: inout [UInt8]) {
    for pixel in pixels {
      for channel in 0..<3 {
        bytes.append(UInt8((min(max(pixel[channel], 0), 1) * 255).rounded()))
      }
    }
  }
}

/// The share of a pixel within a shape, from the distance of its middle to the edge, negative
/// inside.
func coverage(_ distance: Float, softness: Float = 1) -> Float {
  min(max(0.5 - distance / softness, 0), 1)
}
