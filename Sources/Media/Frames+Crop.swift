extension Frames {
  /// The largest part around the centre that has the proportions of a height and a width.
  ///
  /// - Precondition: Both are at least 1.
  package func cropped(toProportionsOf target: (height: Int, width: Int)) -> Frames {
    precondition(target.height >= 1 && target.width >= 1)
    let isWide = width * target.height > height * target.width
    let newWidth =
      isWide ? max(1, (height * target.width + target.height / 2) / target.height) : width
    let newHeight =
      isWide ? height : max(1, (width * target.height + target.width / 2) / target.width)
    guard newHeight < height || newWidth < width else { return self }
    let top = (height - newHeight) / 2
    let left = (width - newWidth) / 2
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * newHeight * newWidth * channels)
    for index in 0..<count {
      for row in 0..<newHeight {
        let start = index * frameBytes + (top + row) * rowBytes + left * channels
        bytes.append(contentsOf: pixels[start..<start + newWidth * channels])
      }
    }
    return Frames(
      unchecked: bytes, count: count, height: newHeight, width: newWidth, channels: channels)
  }
}
