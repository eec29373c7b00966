import ModelSpec
import Tensors
import Weights

extension ModelSpec {
  /// The parameters of a model as a safetensors file in the layout `ditharos`.
  ///
  /// - Parameter precision: The element type of the file; values are rounded to the nearest.
  package func exportedParameters(
    from source: ParameterSource, precision: Precision
  ) -> [UInt8] {
    let tensors = parameterDeclarations.map { parameter in
      source.withValues(of: parameter.name) { values in
        TensorContent(
          parameter.name,
          Tensor(TensorType(precision.dtype, Shape(parameter.dimensions)), Array(values)))
      }
    }
    return SafetensorsWriter.encode(tensors)
  }
}
