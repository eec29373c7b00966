import Diagnostics
import Schedules

extension SpecRules {
  package static let binaryBits = rule(
    "binary-bits", "The binary digits hold the greatest timestep.",
    explanation: """
      A timestep in binary digits needs as many as its greatest value has: with one too few,
      two timesteps would look the same to the model.
      """,
    failing: "  timestep: {encoding: binary, bits: 1}",
    fixed: "  timestep: {encoding: binary, bits: 2}")
}

extension SpecDecoder {
  mutating func checkBinaryBits(
    _ conditioning: Conditioning, _ diffusion: DiffusionSpec
  ) {
    let path = "conditioning.timestep.bits"
    guard case .binary(let bits)? = conditioning.timestep, isValid(path) else { return }
    let (greatest, source) = diffusion.greatestTimestep
    guard isValid(source), greatest >= 1 << bits else { return }
    let needed = Int.bitWidth - greatest.leadingZeroBitCount
    report(
      SpecRules.binaryBits, "\(bits) binary digits do not hold timestep \(greatest)",
      help: "write `bits: \(needed)`", at: path,
      related: [(source, "the greatest timestep is set here")], suggestion: String(needed))
  }
}

extension DiffusionSpec {
  /// The greatest timestep that the denoiser is told, and the key that sets it.
  var greatestTimestep: (value: Int, path: String) {
    if case .subtract(let start) = sampler { return (start, "diffusion.start") }
    return (schedule?.greatestTimestep ?? 0, "diffusion.schedule.train_steps")
  }
}
