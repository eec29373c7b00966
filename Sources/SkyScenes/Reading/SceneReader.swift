import Media

/// What a clip shows, read from its pixels alone.
package struct SceneReading: Sendable, Hashable {
  package var time: Scene.Time
  /// Nil where nothing stands out from the sky.
  package var subject: Scene.Subject?
  package var colour: Scene.Colour?
  package var motion: Scene.Motion?

  package init(
    time: Scene.Time, subject: Scene.Subject?, colour: Scene.Colour?, motion: Scene.Motion?
  ) {
    self.time = time
    self.subject = subject
    self.colour = colour
    self.motion = motion
  }
}

/// Reads clips by statistics of their pixels.
///
/// It knows nothing of how they were drawn or sampled, only what the words of a scene mean.
/// The colour of the sky is the median of each row; what differs from it makes regions. Their
/// number, thickness, form and balance tell the subject, the mean of their pixels its colour, and
/// the shift that brings one frame best onto another its motion.
package struct SceneReader: Sendable {
  private let deviations: SkyDeviations
  /// The regions of each frame.
  private let regions: [[PixelRegion]]

  /// Regions of fewer pixels are background stars or noise.
  private static let smallestArea = 4

  private init(_ frames: Frames) {
    let deviations = SkyDeviations(frames)
    self.deviations = deviations
    regions = (0..<frames.count).map { frame in
      PixelRegion.regions(of: deviations.mask(frame: frame), width: deviations.width, reach: 1)
        .filter { $0.area >= Self.smallestArea }
    }
  }

  /// Reads a clip.
  package static func read(_ frames: Frames) -> SceneReading {
    let reader = SceneReader(frames.converted(toChannels: 3))
    let subject = reader.subject
    return SceneReading(
      time: reader.time, subject: subject, colour: subject.flatMap(reader.colour(of:)),
      motion: subject == nil ? nil : reader.deviations.motion)
  }

  /// Night is dark; at sunset the lower sky is redder than blue.
  private var time: Scene.Time {
    let lower = deviations.meanBackground(from: 0.5, to: 0.8)
    let light = (lower.red * 3 + lower.green * 6 + lower.blue) / 10
    if light < 72 { return .night }
    return lower.red > lower.blue ? .sunset : .day
  }

  /// The frames that show most, a third of all.
  private var fullestFrames: [Int] {
    let areas = regions.map { $0.reduce(0) { $0 + $1.area } }
    let order = areas.indices.sorted { (areas[$0], $1) > (areas[$1], $0) }
    return Array(order.prefix(max(1, areas.count / 3)))
  }

  private var subject: Scene.Subject? {
    let frames = fullestFrames.filter { !regions[$0].isEmpty }
    guard !frames.isEmpty else { return nil }
    func mean(_ value: (Int) -> Double) -> Double {
      frames.reduce(0) { $0 + value($1) } / Double(frames.count)
    }
    let count = mean { Double(regions[$0].count) }
    let largest = mean { frame in Double(regions[frame].map(\.area).max() ?? 0) }
    if time == .night, count >= 7, largest < 40 { return .stars }
    let thickness = mean { frame in
      let mask = deviations.mask(frame: frame)
      let main = mainRegions(frame).flatMap(\.pixels)
      return mask.innerShare(of: main, width: deviations.width)
    }
    let pieces = mean { Double(mainRegions($0).count) }
    let pieceArea = mean { frame in
      let main = mainRegions(frame)
      return Double(main.reduce(0) { $0 + $1.area }) / Double(max(1, main.count))
    }
    // Blurred wings are as thick as small clouds, but never as large.
    let isFlock = pieces >= 1.5 && pieceArea * 32 < Double(deviations.width * deviations.height)
    if thickness < 0.13 || isFlock { return .birds }
    let forms = frames.compactMap(form(_:))
    guard !forms.isEmpty else { return nil }
    func mean(_ value: (RegionForm) -> Double) -> Double {
      forms.reduce(0) { $0 + value($1) } / Double(forms.count)
    }
    if mean(\.aspect) > 1.35 { return .clouds }
    if mean(\.aspect) < 0.9, mean(\.lift) > 0.05 { return .balloon }
    return time == .night ? .moon : .sun
  }

  /// The regions of a frame that are not much smaller than its largest.
  private func mainRegions(_ frame: Int) -> [PixelRegion] {
    let largest = regions[frame].map(\.area).max() ?? 0
    return regions[frame].filter { $0.area * 4 >= largest }
  }

  /// The form of the largest thing in a frame, small gaps closed: a basket hangs below its balloon.
  private func form(_ frame: Int) -> RegionForm? {
    var mask = [Bool](repeating: false, count: deviations.width * deviations.height)
    for region in regions[frame] { for pixel in region.pixels { mask[pixel] = true } }
    return PixelRegion.regions(of: mask, width: deviations.width, reach: 3)
      .max { $0.area < $1.area }
      .map { RegionForm($0, width: deviations.width) }
  }

  /// The name of the mean colour of the subject's clearest pixels.
  private func colour(of subject: Scene.Subject) -> Scene.Colour? {
    // Thin things have few pixels that are theirs alone, or none.
    let isThin = subject == .stars || subject == .birds
    var colours: [PixelColour] = []
    for frame in fullestFrames {
      var pixels = (subject == .stars ? regions[frame] : mainRegions(frame)).flatMap(\.pixels)
      if subject == .balloon, let top = pixels.min(), let bottom = pixels.max() {
        // Without the basket.
        let rows = (top / deviations.width, bottom / deviations.width)
        pixels = pixels.filter {
          Double($0 / deviations.width - rows.0) < 0.5 * Double(rows.1 - rows.0)
        }
      }
      let ordered = pixels.sorted {
        (deviations.value($0, frame: frame), $1) > (deviations.value($1, frame: frame), $0)
      }
      for pixel in ordered.prefix(max(1, ordered.count / (isThin ? 4 : 2))) {
        let colour = deviations.colour(pixel, frame: frame)
        colours.append(isThin ? colour.unmixed(from: deviations.sky(behind: pixel)) : colour)
      }
    }
    return PixelColour(meanOf: colours)?.name
  }
}

/// The form of a region.
private struct RegionForm {
  /// Width over height of the box around it.
  let aspect: Double
  /// How far its centre of mass lies above the middle of the box, in heights.
  let lift: Double

  init(_ region: PixelRegion, width: Int) {
    let rows = region.pixels.map { $0 / width }
    let columns = region.pixels.map { $0 % width }
    let (top, bottom) = (rows.min() ?? 0, rows.max() ?? 0)
    let (left, right) = (columns.min() ?? 0, columns.max() ?? 0)
    let height = Double(bottom - top + 1)
    aspect = Double(right - left + 1) / height
    let centre = Double(rows.reduce(0, +)) / Double(rows.count)
    lift = (Double(top + bottom) / 2 - centre) / height
  }
}
