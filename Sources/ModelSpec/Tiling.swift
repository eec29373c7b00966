/// The overlapping squares of a picture that an autoencoder takes one by one: key `tiling`.
package struct Tiling: Sendable, Hashable {
  /// The pixels of a side.
  package var size: Int
  /// The least pixels that neighbours have in common; there they are blended.
  package var overlap: Int

  /// Tiles of the given extents.
  package init(size: Int, overlap: Int) {
    self.size = size
    self.overlap = overlap
  }
}

extension Autoencoder {
  /// What is encoded and decoded at once: all of a sample, or one picture, or one tile of it.
  package func unit(of pixels: PixelSpace) -> PixelSpace {
    guard isConvolutional else { return pixels }
    var unit = pixels
    unit.frames = nil
    unit.height = min(pixels.height, tiling?.size ?? Int.max)
    unit.width = min(pixels.width, tiling?.size ?? Int.max)
    return unit
  }
}

extension ModelSpec {
  /// The pieces in which a sample is encoded and decoded: pictures of a video, tiles of a picture.
  package var autoencoderPieceCount: Int {
    guard let autoencoder, let pixels, autoencoder.isConvolutional else { return 1 }
    let unit = autoencoder.unit(of: pixels)
    let factor = autoencoder.patchSize.height
    let overlap = autoencoder.tiling?.overlap ?? 0
    let rows = tileStarts(
      of: pixels.height / factor, size: unit.height / factor, overlap: overlap / factor)
    let columns = tileStarts(
      of: pixels.width / factor, size: unit.width / factor, overlap: overlap / factor)
    return (pixels.frames ?? 1) * rows.count * columns.count
  }
}

/// Where tiles of a size begin so that they cover an extent, spread evenly.
///
/// - Parameter overlap: The least extent that neighbours share; less than the size.
package func tileStarts(of extent: Int, size: Int, overlap: Int) -> [Int] {
  if extent <= size { return [0] }
  let gaps = (extent - overlap - 1) / (size - overlap)
  return (0...gaps).map { $0 * (extent - size) / gaps }
}
