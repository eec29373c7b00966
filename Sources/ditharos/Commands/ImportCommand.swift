import ArgumentParser
import Compiler
import Diagnostics
import Media
import ModelSpec

/// `ditharos import`: writes a spec from a model folder.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Write a spec from a model folder of diffusers.",
    discussion: """
      The folder is a pipeline's, a component's, or one of their JSON files is named: a
      DiTPipeline, a DiTTransformer2DModel, an AutoencoderKL or AutoencoderTiny, a DDPM, DDIM,
      DPMSolverMultistep or FlowMatchEulerDiscrete scheduler. The spec says no more than the defaults leave open, and
      names the weights where they lie in its own folder or below.

        ditharos import DiT-XL-2-256 -o dit.yaml
        ditharos import DiT-XL-2-256/transformer
        ditharos import DiT-XL-2-256/scheduler/scheduler_config.json
      """)

  @Argument(help: "A folder as diffusers saves it, or a configuration file in it.")
  var path: String

  @Option(name: .shortAndLong, help: "The file to write; - is standard output.")
  var output = "-"

  @Flag(help: "Replace the file if it exists.")
  var force = false

  func run() async throws {
    try await reporting(.text) {
      if output != "-" { try checkNewFile(path: output, force: force) }
      let model = try importModel(
        path, specFolder: output == "-" ? "." : folder(of: output))
      if output == "-" {
        Console.write(model.text)
        return (model.warnings, [])
      }
      try writeAtomically(path: output, bytes: Array(model.text.utf8))
      Console.complain("\(output): written. Next:\n" + next(model))
      return (model.warnings, [])
    }
  }

  /// What can be done with the spec.
  private func next(_ model: ImportedModel) -> String {
    let check = "  ditharos validate \(output)    every mistake, with its place"
    guard let label = model.exampleLabel else { return check }
    let weights = model.weightsOption.map { " \($0)" } ?? ""
    return """
      \(check)
        ditharos plan \(output)        parameters, work and memory
        ditharos run \(output) --label \(label)\(weights) -o first.png
      """
  }
}
