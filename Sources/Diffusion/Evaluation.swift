import Compiler
import Diagnostics
import GraphIR
import ModelSpec
import Runtime
import Tensors

/// One pass of one graph over given tensors.
package struct Evaluation {
  private let loaded: LoadedSpec
  private let passes: CompileOptions

  /// An evaluation of a loaded spec.
  ///
  /// - Parameter options: Passes and precision; batch and size come from the tensors.
  package init(_ loaded: LoadedSpec, options: CompileOptions = CompileOptions()) {
    self.loaded = loaded
    passes = options
  }

  /// The result of an entry: `prediction`, `encode` or `decode`.
  ///
  /// - Parameters:
  ///   - entry: The graph; nil takes `prediction`, or `decode` where there is no denoiser.
  ///   - inputs: By name: `latent`, `timestep`, `label`, `text_ids`, `image`.
  ///   - engine: Made for the model's parameters.
  /// - Returns: The output's name and value.
  /// - Throws: Rules `eval.*`.
  package func run(
    entry: String?, inputs: [String: Tensor], engine: (ModelSpec) throws(DiagnosticsError) -> Engine
  ) throws(DiagnosticsError) -> (name: String, value: Tensor) {
    let spec = loaded.spec
    let entries =
      (spec.denoiser == nil ? [] : ["prediction"])
      + (spec.autoencoder == nil ? [] : ["encode", "decode"])
    let name = entry ?? (spec.denoiser == nil ? "decode" : "prediction")
    guard entries.contains(name) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.entry, "`\(spec.name)` has no entry `\(name)`",
          help: "its entries are \(entries.joined(separator: ", "))"))
    }
    let main = name == "encode" ? "image" : "latent"
    guard let leading = inputs[main] else {
      throw tensorProblem(
        "the tensor `\(main)` is missing",
        "`\(name)` reads \(wanted(name).joined(separator: ", ")); given are "
          + inputs.keys.sorted().joined(separator: ", "))
    }
    let compiler = try compiler(for: name, leading, main)
    guard let graph = try compiler.entry(name) else {
      preconditionFailure("an entry that is listed exists")
    }
    let engine = try engine(compiler.spec)
    let executable = try engine.executable(graph)
    if name != "prediction" { return try code(leading, name, executable, compiler.spec) }
    return try checked(DiffusionRules.tensor) {
      for node in graph.lowered.nodes {
        guard case .input(let input) = node.op else { continue }
        guard let tensor = inputs[input] else {
          throw tensorProblem(
            "the tensor `\(input)` is missing",
            "`\(name)` reads \(wanted(name).joined(separator: ", "))")
        }
        try executable.set(input, try fitted(tensor, to: node.type, name: input))
      }
      try executable.run()
      return ("prediction", try executable.output("prediction"))
    }
  }

  /// What the autoencoder makes of pictures or of latents.
  private func code(
    _ tensor: Tensor, _ entry: String, _ executable: Executable, _ spec: ModelSpec
  ) throws(DiagnosticsError) -> (name: String, value: Tensor) {
    try checked(DiffusionRules.tensor) {
      let run: AutoencoderRun? =
        entry == "encode" ? .encoder(executable, of: spec) : .decoder(executable, of: spec)
      guard let run else { preconditionFailure("an entry that is listed exists") }
      let isEncoder = entry == "encode"
      let fitted = try fitted(
        tensor, to: .f32([tensor.shape[0]] + run.source), name: isEncoder ? "image" : "latent")
      return (isEncoder ? "latent" : "image", try run.run(fitted))
    }
  }

  private func wanted(_ entry: String) -> [String] {
    switch entry {
    case "encode": return ["image"]
    case "decode": return ["latent"]
    default:
      let conditioning = loaded.spec.denoiser?.conditioning
      return ["latent", "timestep"] + (conditioning?.label == nil ? [] : ["label"])
        + (conditioning?.prompt == nil ? [] : ["text_ids"])
    }
  }

  /// A compiler for the batch and the size of the leading tensor.
  private func compiler(
    for entry: String, _ tensor: Tensor, _ name: String
  ) throws(DiagnosticsError) -> ModelCompiler {
    let spec = loaded.spec
    let isVideo = spec.pixels.map { $0.frames != nil } ?? (spec.denoiser?.latent.frames != nil)
    let dimensions = tensor.shape.dimensions
    let rank = isVideo ? 5 : 4
    guard dimensions.count == rank, dimensions.allSatisfy({ $0 > 0 }) else {
      throw tensorProblem(
        "`\(name)` is \(tensor.type)",
        isVideo
          ? "it must be [batch, channels, frames, height, width]"
          : "it must be [batch, channels, height, width]")
    }
    // The options count pixels where the spec has them; a latent counts patches of them.
    let patch = entry == "encode" || spec.pixels == nil ? nil : spec.autoencoder?.patchSize
    func scaled(_ extent: Int, _ factor: Int?) throws(DiagnosticsError) -> Int {
      let (product, overflow) = extent.multipliedReportingOverflow(by: factor ?? 1)
      if overflow { throw tensorProblem("`\(name)` is \(tensor.type)", "it is too large") }
      return product
    }
    var options = passes
    options.batch = dimensions[0]
    options.size = (
      height: try scaled(dimensions[rank - 2], patch?.height),
      width: try scaled(dimensions[rank - 1], patch?.width)
    )
    options.frames = isVideo ? try scaled(dimensions[2], patch?.frames) : nil
    do throws(DiagnosticsError) {
      return try ModelCompiler(loaded, options: options)
    } catch {
      // Batch and size are not options here: it is the tensor that cannot be used.
      let problem = error.diagnostics[0]
      throw tensorProblem(
        "`\(name)` is \(tensor.type): \(problem.message)", problem.help ?? "give another shape")
    }
  }

  /// A tensor as the graph reads it: ids as integers, everything else as floats.
  private func fitted(
    _ tensor: Tensor, to type: TensorType, name: String
  ) throws(DiagnosticsError) -> Tensor {
    guard tensor.shape == type.shape else {
      throw tensorProblem(
        "`\(name)` is \(tensor.type), and must be \(type.shape)",
        "the first tensor's batch and size decide the others'")
    }
    return Tensor(type, tensor.values)
  }

  private func tensorProblem(_ message: String, _ help: String) -> DiagnosticsError {
    DiagnosticsError(Diagnostic(DiffusionRules.tensor, message, help: help))
  }
}
