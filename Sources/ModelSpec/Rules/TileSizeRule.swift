import Diagnostics

extension SpecRules {
  package static let tileSize = rule(
    "tile-size", "Tiles are made of whole positions of the latent, and overlap by half at most.",
    explanation: """
      A tile is encoded and decoded like a picture of its own, so that its side is a multiple of
      the pixels of a position. The overlap, in which neighbours are blended, is one too; more
      than half a tile would have three tiles meet at one pixel.
      """,
    failing: "  tiling: {size: 500, overlap: 128}",
    fixed: "  tiling: {size: 512, overlap: 128}")
}

extension SpecDecoder {
  mutating func checkTiling(of autoencoder: Autoencoder) {
    let path = "autoencoder.tiling"
    guard let tiling = autoencoder.tiling, isValid(path), isValid(autoencoder.sizePath) else {
      return
    }
    let factor = autoencoder.patchSize.height
    for (key, value) in [("size", tiling.size), ("overlap", tiling.overlap)]
    where value % factor != 0 {
      let nearest = max(1, (value + factor / 2) / factor) * factor
      report(
        SpecRules.tileSize,
        "the \(key) \(value) of tiles is no multiple of the \(factor) pixels of a position",
        help: "write \(nearest)", at: "\(path).\(key)", suggestion: String(nearest))
    }
    guard isValid(path), tiling.overlap > tiling.size / 2 else { return }
    report(
      SpecRules.tileSize,
      "tiles of \(tiling.size) pixels overlap by \(tiling.overlap), more than half",
      help: "write at most \(tiling.size / 2 / factor * factor)", at: path + ".overlap")
  }
}
