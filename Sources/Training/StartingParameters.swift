import Compiler
import Diagnostics
import Diffusion
import Glibc
import ModelSpec
import Tensors
import Weights

extension ModelSpec {
  /// The values that a training needs: those of a file, or of a new model only what the spec holds.
  ///
  /// A safetensors file may hold the autoencoder alone, or all but the autoencoder; what it leaves
  /// out then starts anew.
  /// - Parameter weights: A file, a folder or `random:SEED` to start from; nil for a new model.
  /// - Throws: Rules `weights.*`.
  package func trainingParameters(
    _ weights: String?, folder: String, stage: TrainingStage = .denoiser
  ) throws(DiagnosticsError) -> ParameterSource {
    if let weights, let parts = parts(of: weights) {
      let wanted = parameterDeclarations.filter {
        parts.contains($0.isOfAutoencoder)
          || !$0.isLearnable && $0.isOfAutoencoder == (stage == .autoencoder)
      }
      return try open(wanted, weights)
    }
    if let file = self.weights?.file, weights == nil {
      // A file that is not there yet is what the training is to make.
      if access("\(folder)/\(file)", F_OK) == 0 { return try openParameters(nil, folder: folder) }
    } else if weights != nil {
      return try openParameters(weights, folder: folder)
    }
    // What the stage leaves out is in none of its graphs.
    return try open(
      parameterDeclarations.filter {
        !$0.isLearnable && $0.isOfAutoencoder == (stage == .autoencoder)
      }, nil)
  }

  private func open(
    _ wanted: [ParameterDeclaration], _ weights: String?
  ) throws(DiagnosticsError) -> ParameterSource {
    try ParameterSource.open(
      wanted.map { WantedParameter(name: $0.name, dimensions: $0.dimensions) },
      inline: parameters.map { (name: $0.name, value: $0.value) }, weights: weights)
  }

  /// Of a safetensors file in the project's own names: whether it holds parts of the autoencoder
  /// (true) and of the denoiser (false); nil for anything else.
  private func parts(of weights: String) -> Set<Bool>? {
    guard weights.hasSuffix(".safetensors"), let file = try? SafetensorsFile(path: weights) else {
      return nil
    }
    let known = parameterDeclarations.filter { file[$0.name] != nil }
    return known.isEmpty ? nil : Set(known.map(\.isOfAutoencoder))
  }
}

extension ParameterDeclaration {
  /// Whether it belongs to the autoencoder rather than to the denoiser.
  package var isOfAutoencoder: Bool { name.hasPrefix("autoencoder.") }
}
