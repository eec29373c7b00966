import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Media
import ModelSpec
import Tensors
import Transforms
import Weights

/// `ditharos eval`: one pass of one graph over tensors of a file.
struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Run one pass of one graph over the tensors of a safetensors file.",
    discussion: """
      The entry `prediction` reads latent [batch, channels, (frames,) height, width],
      timestep [batch], label [batch] and text_ids [batch, length], those of them
      that the model has; `encode` reads image, `decode` latent. Batch and size are
      those of the tensors.

        ditharos eval model.yaml --weights w.safetensors \\
          --inputs in.safetensors --outputs out.safetensors
      """)

  @Argument(help: "A spec or a compiled model; - is standard input.")
  var spec: String

  @Option(help: "A safetensors file with the inputs.")
  var inputs: String

  @Option(help: "The safetensors file to write.")
  var outputs: String

  @Option(help: weightsHelp)
  var weights: String?

  @Option(help: "prediction, encode or decode.")
  var entry: String?

  @Option(help: "The passes that run before: none or all.")
  var passes = TraceCommand.Passes.all

  @OptionGroup var element: PrecisionOptions

  @OptionGroup var threading: ThreadOptions

  func run() async throws {
    try await reporting(.text) {
      var problems = Problems()
      problems.add(threading.problems)
      await problems.check { try checkWritable(path: outputs) }
      let file = await problems.check { try SafetensorsFile(path: inputs) }
      let loaded = await problems.check { try load(spec) }
      try problems.stopIfAny()
      let model = try problems.require(loaded)
      Interruption.protect(outputs)
      let result = try evaluate(model, try problems.require(file))
      try writeAtomically(
        path: outputs,
        bytes: SafetensorsWriter.encode([TensorContent(result.name, result.value)]))
      Console.complain("\(outputs): \(result.name) \(result.value.type)")
      return (model.warnings, [])
    }
  }

  private func evaluate(
    _ loaded: LoadedSpec, _ file: SafetensorsFile
  ) throws(DiagnosticsError) -> (name: String, value: Tensor) {
    var tensors: [String: Tensor] = [:]
    for view in file.tensors { tensors[view.name] = view.tensor }
    var options = CompileOptions()
    options.passes = passes.pipeline
    options.precision = try element.resolved(weights: weightsArgument(weights, of: spec))
    let evaluation = Evaluation(loaded, options: options)
    func engine(_ model: ModelSpec) throws(DiagnosticsError) -> Engine {
      let parameters = try loaded.located { () throws(DiagnosticsError) in
        try model.openParameters(
          weightsArgument(weights, of: spec), folder: folder(of: spec))
      }
      return try Engine(parameters: parameters, threads: threading.threads)
    }
    return try evaluation.run(entry: entry, inputs: tensors, engine: engine)
  }
}
