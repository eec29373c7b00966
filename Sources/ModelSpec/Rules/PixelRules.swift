import Diagnostics
import Tensors

extension SpecDecoder {
  /// The rules of pictures, autoencoder and latent.
  mutating func checkPixels(of spec: ModelSpec) {
    checkCount(of: spec)
    guard let autoencoder = spec.autoencoder else { return }
    guard let pixels = spec.pixels else {
      if isValid("image"), isValid("video"), isValid("autoencoder") {
        report(
          SpecRules.pixelsMissing, "`image` or `video` is missing for the autoencoder",
          help: "add `image: {height: 256, width: 256}`", at: "autoencoder")
      }
      return
    }
    let pixelsPath = pixels.frames == nil ? "image" : "video"
    autoencoderPatchDivides(autoencoder, pixels, pixelsPath)
    if let latent = spec.denoiser?.latent { latentMatches(latent, autoencoder, pixels, pixelsPath) }
  }

  private mutating func checkCount(of spec: ModelSpec) {
    if let pixels = spec.pixels {
      let path = pixels.frames == nil ? "image" : "video"
      let dimensions = [pixels.channels, pixels.frames ?? 1, pixels.height, pixels.width]
      if isValid(path) { checkCount(dimensions, at: path) }
    }
    if let latent = spec.denoiser?.latent, isValid("latent") {
      checkCount(latent.dimensions, at: "latent")
    }
  }

  private mutating func checkCount(_ dimensions: [Int], at path: String) {
    let count = Shape(dimensions).checkedElementCount
    if let count, count <= Ceiling.elements { return }
    report(
      SpecRules.elementCeiling,
      "`\(path)` has \(count.map(grouped) ?? "more than 10^18") values, more than "
        + grouped(Ceiling.elements), help: "choose smaller extents", at: path)
  }

  private mutating func autoencoderPatchDivides(
    _ autoencoder: Autoencoder, _ pixels: PixelSpace, _ pixelsPath: String
  ) {
    let path = "autoencoder.patch_size"
    guard isValid(path), isValid(pixelsPath) else { return }
    let patch = autoencoder.patchSize
    for (name, extent, part) in [
      ("frames", pixels.frames ?? 1, patch.frames), ("height", pixels.height, patch.height),
      ("width", pixels.width, patch.width),
    ] where extent % part != 0 {
      report(
        SpecRules.patchDivides,
        "the autoencoder's patch of \(part) does not divide the \(pixelsPath)'s \(name) \(extent)",
        help: divisorHelp(extent, near: part), at: path,
        related: [("\(pixelsPath).\(name)", "`\(name)` is set here")])
      markInvalid("latent")
    }
  }

  private mutating func latentMatches(
    _ latent: LatentSpace, _ autoencoder: Autoencoder, _ pixels: PixelSpace, _ pixelsPath: String
  ) {
    guard isValid("latent"), isValid("autoencoder"), isValid(pixelsPath) else { return }
    let made = pixels.latent(through: autoencoder)
    if made != latent {
      report(
        SpecRules.latentMismatch,
        "`latent` is \(shapeText(latent.dimensions)), but the autoencoder makes "
          + shapeText(made.dimensions),
        help: "remove `latent`", at: "latent",
        related: [("autoencoder.patch_size", "the autoencoder's patches are set here")])
    }
  }
}

/// Extents as a person writes them.
func shapeText(_ dimensions: [Int]) -> String {
  dimensions.isEmpty
    ? "of a number" : "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
}

/// The divisor of a number that is nearest to a value; the lesser of two.
func nearestDivisor(of number: Int, to value: Int) -> Int {
  let divisors = (1...max(1, min(number, 4096))).filter { number % $0 == 0 }
  return divisors.min { (abs($0 - value), $0) < (abs($1 - value), $1) } ?? 1
}

/// Names the divisors of a number that are nearest to another.
func divisorHelp(_ number: Int, near value: Int) -> String? {
  let divisors = (1...max(1, min(number, 4096))).filter { number % $0 == 0 }
  let nearest = divisors.sorted {
    (abs($0 - value), $0) < (abs($1 - value), $1)
  }.prefix(3).sorted()
  let words = nearest.map(String.init)
  guard let last = words.last else { return nil }
  return words.count == 1
    ? "\(last) divides it" : "\(words.dropLast().joined(separator: ", ")) and \(last) divide it"
}
