/// Pixels of a mask that hang together.
struct PixelRegion {
  /// Their places, row by row.
  let pixels: [Int]

  /// The number of pixels.
  var area: Int { pixels.count }

  /// The regions of a mask.
  ///
  /// - Parameters:
  ///   - mask: Row by row.
  ///   - width: Pixels of a row.
  ///   - reach: How far apart, across and down, two pixels of one region may be.
  static func regions(of mask: [Bool], width: Int, reach: Int) -> [PixelRegion] {
    let height = mask.count / width
    var isOpen = mask
    var regions: [PixelRegion] = []
    for start in mask.indices where isOpen[start] {
      isOpen[start] = false
      var pixels = [start]
      var next = 0
      while next < pixels.count {
        let (row, column) = (pixels[next] / width, pixels[next] % width)
        next += 1
        for y in max(0, row - reach)...min(height - 1, row + reach) {
          for x in max(0, column - reach)...min(width - 1, column + reach)
          where isOpen[y * width + x] {
            isOpen[y * width + x] = false
            pixels.append(y * width + x)
          }
        }
      }
      regions.append(PixelRegion(pixels: pixels))
    }
    return regions
  }
}

extension [Bool] {
  /// The share of some pixels of a mask all of whose eight neighbours belong to it.
  func innerShare(of pixels: [Int], width: Int) -> Double {
    guard !pixels.isEmpty else { return 0 }
    let height = count / width
    let inner = pixels.filter { pixel in
      let (row, column) = (pixel / width, pixel % width)
      guard row > 0, row < height - 1, column > 0, column < width - 1 else { return false }
      return (-1...1).allSatisfy { y in
        (-1...1).allSatisfy { x in self[(row + y) * width + column + x] }
      }
    }
    return Double(inner.count) / Double(pixels.count)
  }
}
