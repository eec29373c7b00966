extension SeededGenerator {
  /// A text with a few characters changed, removed or added.
  package mutating func mutation(of text: String) -> String {
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
