import Diagnostics

extension SpecRules {
  package static let patchDivides = rule(
    "patch-divides", "A patch divides what it is taken from along every axis.",
    explanation: """
      Patches tile the latent, or the picture for an autoencoder, without overlap and without
      a rest. A rest would be dropped, or need padding that no published model has.
      """,
    failing: "patch_size: [2, 3]",
    fixed: "patch_size: [2, 4]")
}

extension SpecDecoder {
  mutating func checkPatchDividesLatent(_ denoiser: Denoiser) {
    guard isValid("patch_size"), isValid("latent") else { return }
    let (latent, patch) = (denoiser.latent, denoiser.patchSize)
    // Later products of a patch's extents and its channels fit in 64 bits.
    if patch.area > 1 << 24 {
      report(
        SpecRules.range,
        "a patch has \(grouped(patch.area)) positions, expected at most "
          + grouped(1 << 24), help: "choose a smaller patch", at: "patch_size")
      return
    }
    checkPatchDivides(
      [
        ("frames", latent.frames ?? 1, patch.frames), ("height", latent.height, patch.height),
        ("width", latent.width, patch.width),
      ], of: "latent", at: "patch_size", "a patch")
  }

  mutating func checkPatchDivides(
    _ pixels: PixelSpace, _ pixelsPath: String, of autoencoder: Autoencoder
  ) {
    let path = autoencoder.sizePath
    guard isValid(path), isValid(pixelsPath) else { return }
    let patch = autoencoder.patchSize
    if autoencoder.isConvolutional {
      return checkLevelsDivide(pixels, pixelsPath, by: patch.height, at: path)
    }
    checkPatchDivides(
      [
        ("frames", pixels.frames ?? 1, patch.frames), ("height", pixels.height, patch.height),
        ("width", pixels.width, patch.width),
      ], of: pixelsPath, at: path, "the autoencoder's patch")
    if !isValid(path) { markInvalid("latent") }
  }

  /// Reports the axes of pictures that levels cannot halve often enough.
  private mutating func checkLevelsDivide(
    _ pixels: PixelSpace, _ pixelsPath: String, by factor: Int, at path: String
  ) {
    for (name, extent) in [("height", pixels.height), ("width", pixels.width)]
    where extent % factor != 0 {
      let (below, above) = (extent / factor * factor, (extent / factor + 1) * factor)
      report(
        SpecRules.patchDivides,
        "\(name) \(extent) is no multiple of the \(factor) pixels that the autoencoder makes one "
          + "position of", help: "write \(below > 0 ? "\(below) or " : "")\(above)",
        at: "\(pixelsPath).\(name)", related: [(path, "the levels are set here")],
        suggestion: String(above))
      markInvalid("latent")
    }
  }

  /// Reports the axes that a patch does not divide, those of the same extent in one message.
  private mutating func checkPatchDivides(
    _ axes: [(name: String, extent: Int, part: Int)], of whole: String, at path: String,
    _ patch: String
  ) {
    // One number stands for rows and columns.
    let isSquare = axes[0].part == 1 && axes[1].part == axes[2].part
    var rest = axes.filter { $0.extent % $0.part != 0 }[...]
    while let first = rest.first {
      let same = rest.filter { $0.part == first.part }
      rest.removeAll { $0.part == first.part }
      let extents = same.map { "\($0.name) \($0.extent)" }.joined(separator: " and ")
      let divisor = (isSquare ? Array(axes.dropFirst()) : same)
        .reduce(0) { greatestCommonDivisor($0, $1.extent) }
      report(
        SpecRules.patchDivides,
        "\(patch) of \(first.part) does not divide the \(whole)'s \(extents)",
        help: divisorHelp(divisor, near: first.part, of: isSquare ? 2 : same.count), at: path,
        related: same.map { ("\(whole).\($0.name)", "`\($0.name)` is set here") },
        suggestion: isSquare
          ? nearestDivisor(of: divisor, to: first.part).map(String.init) : nil)
    }
  }
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}

/// The divisors of a number, up to 4096, those nearest to another first.
private func divisors(of number: Int, near value: Int) -> [Int] {
  (1...max(1, min(number, 4096))).filter { number % $0 == 0 }
    .sorted { (abs($0 - value), $0) < (abs($1 - value), $1) }
}

/// The divisor of a number that is nearest to another.
func nearestDivisor(of number: Int, to value: Int) -> Int? {
  divisors(of: number, near: value).first
}

/// Names the divisors of a number that are nearest to another; the number is the greatest common
/// divisor of `count` numbers.
func divisorHelp(_ number: Int, near value: Int, of count: Int = 1) -> String? {
  let nearest = divisors(of: number, near: value).prefix(3)
  let words = nearest.sorted().map(String.init)
  guard let last = words.last else { return nil }
  let object = count == 1 ? String(number) : count == 2 ? "both" : "all"
  return words.count == 1
    ? "\(last) divides \(object)"
    : "\(words.dropLast().joined(separator: ", ")) and \(last) divide \(object)"
}
