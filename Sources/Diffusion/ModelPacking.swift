import Compiler
import Diagnostics
import ModelSpec
import Planning
import Runtime
import Tensors
import Weights

/// A compiled model in the making: the spec and the weights that its graphs read, in one file.
package struct ModelPacking {
  /// The parameters that the file holds; the values of all others stand in the spec.
  package let parameterCount: Int
  private let writer: CompiledFileWriter

  /// The packing of a model.
  ///
  /// - Parameters:
  ///   - precision: The precision of the compiler's options.
  ///   - names: The names of the classes, which the file keeps.
  /// - Throws: What compiling the model throws; `ditc.spec` for a spec that is too large.
  package init(
    _ compiler: ModelCompiler, precision: Precision, names: LabelNames? = nil
  ) throws(DiagnosticsError) {
    var spec = compiler.spec
    if let names = names?.names, let label = spec.denoiser?.conditioning.label {
      spec.denoiser?.conditioning.label?.names = names.prefix(label.classes).enumerated()
        .filter { !$0.element.isEmpty }
        .map { LabelCondition.ClassName(number: $0.offset, text: $0.element) }
      spec.denoiser?.conditioning.label?.namesFile = nil
    }
    // The weights are those of the file itself.
    spec.weights?.file = nil
    let inline = Set(spec.parameters.map(\.name))
    let parameters = spec.parameterDeclarations.filter { !inline.contains($0.name) }
      .map { WantedParameter(name: $0.name, dimensions: $0.dimensions) }
    var weights = try compiler.storedWeights().compactMap(\.packed)
      .filter { $0.parts.allSatisfy { !inline.contains($0) } }
    let held = Set(weights.flatMap(\.parts))
    weights += parameters.filter { !held.contains($0.name) }.map {
      PackedWeight(parts: [$0.name], shape: Shape($0.dimensions), layout: .rows)
    }
    parameterCount = parameters.count
    writer = try CompiledFileWriter(
      spec: expand(spec), precision: precision, parameters: parameters, weights: weights)
  }

  /// The size of the file.
  package var byteCount: Int { writer.byteCount }

  /// The weights that the file holds.
  package var weightCount: Int { writer.weights.count }

  /// Packs weight after weight, and hands the file over piece by piece.
  ///
  /// - Parameters:
  ///   - engine: Made for the model's parameters.
  ///   - sink: Takes the next bytes of the file.
  /// - Throws: Rule `run.memory`, what reading weights throws, and what `sink` throws.
  package func write(
    with engine: Engine, to sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    do {
      var writer = writer
      try writer.head.withUnsafeBytes(sink)
      for weight in writer.weights {
        try engine.withBytes(of: StoredWeight(weight)) { bytes in
          writer.append(bytes)
          try sink(bytes)
        }
      }
      try writer.checksums.withUnsafeBytes(sink)
    } catch let error as RuntimeError {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.memory, "the weights cannot be packed: \(error)",
          help: "packing takes the memory of the largest weight"))
    }
  }
}
