/// A small generator with a fixed seed (Steele et al., Fast Splittable Pseudorandom Number
/// Generators).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A text with a few characters changed, removed or added.
  mutating func mutation(of text: String) -> String {
    var scalars = Array(text.unicodeScalars)
    let pool = Array("{}[]:,-&*!|>'\"#%@`?\n\t \u{0}\u{85}\u{FEFF}0aé😀\\<~".unicodeScalars)
    for _ in 0..<Int.random(in: 1...6, using: &self) where !scalars.isEmpty {
      let index = Int.random(in: 0..<scalars.count, using: &self)
      switch Int.random(in: 0..<4, using: &self) {
      case 0: scalars.remove(at: index)
      case 1: scalars.insert(pool[Int.random(in: 0..<pool.count, using: &self)], at: index)
      case 2: scalars[index] = pool[Int.random(in: 0..<pool.count, using: &self)]
      default:
        let end = min(scalars.count, index + Int.random(in: 1...20, using: &self))
        scalars.insert(contentsOf: scalars[index..<end], at: index)
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
