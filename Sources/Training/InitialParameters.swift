import Kernels
import ModelSpec
import Runtime
import Weights

extension SharedStates {
  /// Gives a parameter the values of a source, or where it has none those of a new model.
  ///
  /// A new model's values depend on the seed, the parameter's name and the place within it alone.
  func initialise(_ parameter: ParameterDeclaration, from source: ParameterSource, seed: UInt64) {
    _ = withElements(of: parameter.name) { elements in
      if source.contains(parameter.name) {
        source.withValues(of: parameter.name) { values in
          for (index, value) in values.enumerated() where index < elements.count {
            elements[index] = value
          }
        }
        return
      }
      let stream = stableHash(of: parameter.name)
      switch parameter.initial {
      case .zeros: elements.update(repeating: 0)
      case .ones: elements.update(repeating: 1)
      case .uniform(let bound):
        fillWithUniforms(elements, seed: seed, step: stream)
        for index in elements.indices {
          elements[index] = Float((2 * Double(elements[index]) - 1) * bound)
        }
      case .normal(let deviation):
        fillWithNormals(elements, seed: seed, step: stream)
        for index in elements.indices {
          elements[index] = Float(Double(elements[index]) * deviation)
        }
      }
    }
  }
}
