/// Random numbers of one clip, the same on every machine: SplitMix64 (Steele, Lea and Flood, 2014).
package struct SceneGenerator: Sendable {
  private var state: UInt64

  /// The numbers of a clip of a data set; those of two clips have nothing in common.
  package init(seed: UInt64, clip: Int) {
    state = Self.mixed(seed &+ 0x9E37_79B9_7F4A_7C15) ^ Self.mixed(~UInt64(clip))
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from a range, its upper end left out.
  package mutating func uniform(_ range: Range<Float>) -> Float {
    let unit = Float(next() >> 40) * 0x1p-24
    return range.lowerBound + (range.upperBound - range.lowerBound) * unit
  }

  /// A whole number from 0 to below `bound`, which is small and at least 1.
  package mutating func index(below bound: Int) -> Int {
    precondition(bound >= 1)
    return Int(((next() >> 32) * UInt64(bound)) >> 32)
  }

  /// Tells whether an event of a probability happens.
  package mutating func happens(_ probability: Float) -> Bool { uniform(0..<1) < probability }

  /// One of several.
  ///
  /// - Precondition: `choices` is not empty.
  package mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[index(below: choices.count)]
  }
}

extension SceneGenerator {
  /// How often each subject is drawn: those with more combinations, and those with small
  /// parts, more often.
  private static let shares: [(subject: Scene.Subject, share: Float)] = [
    (.balloon, 0.36), (.birds, 0.2), (.clouds, 0.14), (.stars, 0.12), (.sun, 0.1), (.moon, 0.08),
  ]

  /// A scene of a split.
  package mutating func scene(of split: Split) -> Scene {
    var rest = uniform(0..<1)
    var subject = Scene.Subject.balloon
    for (candidate, share) in Self.shares {
      subject = candidate
      rest -= share
      if rest < 0 { break }
    }
    return pick(Scene.all(of: split).filter { $0.subject == subject })
  }
}
