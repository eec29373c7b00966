import Diffusion
import ModelSpec
import Tensors
import Weights

/// What a compiled model holds, in one line.
package struct PackingSummary: Sendable {
  /// The line.
  package let text: String

  /// The summary of a packing.
  ///
  /// - Parameters:
  ///   - name: The model's name.
  ///   - seconds: The time that it took.
  package init(_ name: String, _ packing: ModelPacking, seconds: Double) {
    text =
      contents(
        name, weights: packing.weightCount, parameters: packing.parameterCount,
        byteCount: packing.byteCount) + ", packed in \(roundedDuration(seconds))"
  }
}

/// What a file of weights alone holds, in one line.
package struct ExportSummary: Sendable {
  /// The line.
  package let text: String

  /// The summary of a file of all parameters of a model.
  package init(_ spec: ModelSpec, _ precision: Precision, byteCount: Int) {
    text =
      "\(spec.name), \(grouped(spec.parameterDeclarations.count)) parameter tensors in "
      + "\(precision.rawValue), \(bytes(byteCount))"
  }
}

/// What is found in a compiled model whose bytes were checked, in one line.
package struct VerificationSummary: Sendable {
  /// The line.
  package let text: String

  /// The summary of a file.
  ///
  /// - Parameter name: The model's name.
  package init(_ name: String, _ file: CompiledFile) {
    text =
      contents(
        name, weights: file.weights.count, parameters: file.parameters.count,
        byteCount: file.byteCount) + ", every byte as written"
  }
}

private func contents(
  _ name: String, weights: Int, parameters: Int, byteCount: Int
) -> String {
  "\(name), \(grouped(parameters)) parameter tensors in \(grouped(weights)) weights, "
    + bytes(byteCount)
}
