import Diagnostics

extension SpecRules {
  package static let sinusoidWidth = rule(
    "sinusoid-width", "A sinusoid has an even width.",
    explanation: """
      Each frequency of a sinusoidal encoding takes two values, a sine and a cosine.
      `frequency_shift` is taken from the number of frequencies, which must stay above 0.
      """,
    failing: "  timestep: {width: 255}",
    fixed: "  timestep: {width: 256}")
}

extension SpecDecoder {
  mutating func checkSinusoidWidth(_ conditioning: Conditioning) {
    let path = "conditioning.timestep.width"
    guard case .sinusoidal(let sinusoid)? = conditioning.timestep, isValid(path) else { return }
    if sinusoid.width % 2 != 0 {
      report(
        SpecRules.sinusoidWidth, "a sinusoid's width is even, not \(sinusoid.width)",
        help: "write \(sinusoid.width + 1)", at: path, suggestion: String(sinusoid.width + 1))
    } else if Double(sinusoid.width) / 2 <= sinusoid.frequencyShift {
      report(
        SpecRules.sinusoidWidth,
        "a sinusoid of width \(sinusoid.width) leaves no frequencies with this `frequency_shift`",
        help: "write a width of at least 4", at: path)
    }
  }
}
