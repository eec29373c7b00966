import Compiler
import Diagnostics
import Diffusion
import Documents
import Glibc
import Lowering
import ModelSpec
import Tensors

/// The mean and the standard deviation of latents.
package struct LatentStatistics: Sendable, Hashable {
  /// The mean.
  package var mean: Double
  /// The standard deviation.
  package var deviation: Double

  /// Those of numbers.
  package init(_ values: [Float]) {
    let count = Double(max(values.count, 1))
    var (sum, squares) = (0.0, 0.0)
    for value in values {
      sum += Double(value)
      squares += Double(value) * Double(value)
    }
    mean = sum / count
    deviation = max(0, squares / count - mean * mean).squareRoot()
  }

  /// What would make latents have the mean 0 and the deviation 1; nil where they nearly do.
  ///
  /// - Parameter scaling: What the latents were scaled with.
  package func advice(scaledBy scaling: LatentScaling) -> String? {
    guard deviation > 0, !(0.67...1.5).contains(deviation) || abs(mean) > 0.5 else { return nil }
    // Undone: what the autoencoder itself makes.
    let shift = mean / scaling.factor + scaling.shift
    let factor = scaling.factor / deviation
    func text(_ value: Double) -> String {
      let digits = pow(10, 4 - ceil(log10(max(abs(value), 1e-12))))
      return JSONValue.number((value * digits).rounded() / digits).text()
    }
    let shiftText = abs(mean) > 0.02 * deviation ? ", shift_factor: \(text(shift))" : ""
    return "the latents have the mean \(text(mean)) and the standard deviation \(text(deviation)); "
      + "`autoencoder: {scaling_factor: \(text(factor))\(shiftText)}` would make them 0 and 1"
  }
}
