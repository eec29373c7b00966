import Diagnostics
import Documents
import ModelSpec
import Weights

/// A spec made from a model folder of another program.
package struct ImportedModel: Sendable {
  /// The spec's text: valid, commented, without the keys that the language's defaults make
  /// unnecessary.
  package var text: String
  /// The command-line option that names the weights, where the spec cannot.
  package var weightsOption: String?
  /// A class to try the model with; nil where it reads none.
  package var exampleLabel: Int?
  /// What is questionable, but does not stop the import.
  package var warnings: [Diagnostic]
}

/// Makes a spec from a folder that diffusers saved: a pipeline's, a component's, or one of their
/// configuration files.
///
/// Weights that lie there are looked at: whether the blocks share their embedders, how many channels
/// are predicted, and that the spec fits them.
///
/// - Parameters:
///   - path: The folder or file.
///   - specFolder: The folder that the spec will stand in, to which it names the weights.
/// - Throws: Rules `import.*` for everything that a spec cannot say, each at its place; `json.*`,
///   `file.*` for what cannot be read; `weights.*` for weights that do not fit.
package func importModel(
  _ path: String, specFolder: String
) throws(DiagnosticsError) -> ImportedModel {
  var reading = ModelReading(try ModelFolder(path: path), specFolder: specFolder)
  return try reading.model()
}
