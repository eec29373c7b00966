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
      Inputs of `prediction`: latent [batch, channels, (frames,) height, width], timestep [batch],
      label [batch], text_ids [batch, length]; output prediction. Of `encode`: image to latent; of
      `decode`: latent to image. Batch and size are those of the tensors.

        ditharos eval model.yaml --weights w.safetensors --inputs in.safetensors --outputs out.safetensors
      """)

  @Argument(help: "A spec; - is standard input.")
  var spec: String

  @Option(help: "A safetensors file with the inputs.")
  var inputs: String

  @Option(help: "The safetensors file to write.")
  var outputs: String

  @Option(help: "A safetensors file, a folder, or random:SEED; the spec's values by default.")
  var weights: String?

  @Option(help: "prediction, encode or decode.")
  var entry: String?

  @Option(help: "The passes that run before: none or all.")
  var passes = TraceCommand.Passes.all

  @Option(help: "The number of threads; by default the physical cores, or the quota.")
  var threads: Int?

  func run() async throws {
    try await reporting(.text) {
      let loaded = try load(spec)
      if let threads, !(1...256).contains(threads) {
        throw DiagnosticsError(
          Diagnostic(
            UsageRules.option, "\(threads) threads cannot be used", help: "use 1 to 256"))
      }
      try checkWritable(path: outputs)
      Interruption.shared.protect(outputs)
      let file = try SafetensorsFile(path: inputs)
      var tensors: [String: Tensor] = [:]
      for view in file.tensors { tensors[view.name] = view.tensor }
      var options = CompileOptions()
      options.passes = passes == .all ? PassPipeline.all : PassPipeline.none
      let result = try Evaluation(loaded, options: options).run(entry: entry, inputs: tensors) {
        model throws(DiagnosticsError) in
        let parameters = try model.openParameters(weights, folder: folder(of: spec))
        return try Engine(parameters: parameters, threads: threads)
      }
      try SafetensorsWriter.write([TensorContent(result.name, result.value)], to: outputs)
      Console.complain("\(outputs): \(result.name) \(result.value.type)")
      return (loaded.warnings, [])
    }
  }
}
