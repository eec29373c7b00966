import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Documents
import Media
import ModelSpec
import Reports
import Tensors
import Weights

/// `ditharos compile`: packs a spec and its weights into one file, and checks such files.
struct CompileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Pack a spec and its weights into one file that starts at once.",
    discussion: """
      The file holds the spec, as `expand` prints it, and the weights in the layout of
      the kernels of every processor. A run maps it and copies nothing. Steps, guidance,
      size and frames are chosen when it is run. It takes the place of the spec:

        ditharos compile model.yaml --weights w.safetensors -o model.ditc
        ditharos run model.ditc --label 207 --steps 20
        ditharos compile --verify model.ditc      every byte, against its checksum

      Named .safetensors, the file holds the weights alone, for `--weights` and for
      other programs:

        ditharos compile model.yaml --weights run/ --precision bf16 -o w.safetensors
      """)

  @Argument(help: "A spec; - is standard input. With --verify, a compiled model.")
  var spec: String

  @Flag(help: "Check every byte of a compiled model.")
  var verify = false

  @Option(help: weightsHelp)
  var weights: String?

  @OptionGroup var element: PrecisionOptions

  @OptionGroup var threading: ThreadOptions

  @Option(name: .shortAndLong, help: "The file to write, named .ditc or .safetensors.")
  var output: String?

  func run() async throws {
    try await reporting(.text) {
      try verify ? verifyFile() : await compile()
    }
  }

  private typealias Result = (warnings: [Diagnostic], entries: [(key: String, value: JSONValue)])

  private func compile() async throws -> Result {
    let start = ContinuousClock.now
    var problems = Problems()
    problems.add(threading.problems)
    let path = await problems.check { try checkedOutput() }
    let loaded = try load(spec)
    problems.add(loaded.warnings)
    var options = CompileOptions()
    options.precision =
      await problems.check {
        try element.resolved(weights: weightsArgument(weights, of: spec))
      } ?? .f32
    let compiler = await problems.check { try ModelCompiler(loaded, options: options) }
    let names = await problems.check {
      try loaded.located { () throws(DiagnosticsError) in
        try LabelNames.of(
          loaded.spec, folder: folder(of: spec), weights: weightsArgument(weights, of: spec))
      }
    }
    let packing =
      path?.isWeightsAlone == true
      ? nil
      : await problems.check {
        try compiler.map {
          try ModelPacking($0, precision: options.precision, names: names ?? nil)
        }
      } ?? nil
    let parameters = await problems.check {
      try loaded.located { () throws(DiagnosticsError) in
        try loaded.spec.openParameters(
          weightsArgument(weights, of: spec), folder: folder(of: spec))
      }
    }
    try problems.stopIfAny()
    let output = try problems.require(path)
    let source = try problems.require(parameters)
    Interruption.protect(output)
    if output.isWeightsAlone {
      let bytes = loaded.spec.exportedParameters(from: source, precision: options.precision)
      try writeAtomically(path: output, bytes: bytes)
      let summary = ExportSummary(loaded.spec, options.precision, byteCount: bytes.count)
      Console.complain("\(output): " + summary.text)
      return (problems.diagnostics, [])
    }
    let file = try problems.require(packing)
    let engine = try Engine(parameters: source, threads: threading.threads)
    try writeAtomically(path: output, byteCount: file.byteCount) { append in
      try file.write(with: engine, to: append)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    Console.complain(
      "\(output): " + PackingSummary(loaded.spec.name, file, seconds: seconds).text)
    return (problems.diagnostics, [])
  }

  private func verifyFile() throws -> Result {
    if output != nil || weights != nil || element.precision != nil {
      throw DiagnosticsError(
        Diagnostic(
          UsageRules.option, "--verify goes with neither --weights, --precision nor --output",
          help: "name one compiled model: ditharos compile --verify model.ditc"))
    }
    let file = try CompiledFile(path: spec)
    try file.checkWeights()
    let loaded = try load(spec)
    Console.complain("\(spec): " + VerificationSummary(loaded.spec.name, file).text)
    return (loaded.warnings, [])
  }

  /// The path to write.
  private func checkedOutput() throws -> String {
    guard let output, output.isWeightsAlone || output.lowercased().hasSuffix(".ditc") else {
      throw DiagnosticsError(
        Diagnostic(
          UsageRules.option,
          output.map {
            "the compiled model is to be named `\($0)`, which ends in neither .ditc nor "
              + ".safetensors"
          } ?? "the file to write is not named",
          help: "add -o model.ditc"))
    }
    try checkWritable(path: output)
    return output
  }
}

extension String {
  /// Whether a file of this name holds weights and no spec.
  fileprivate var isWeightsAlone: Bool { lowercased().hasSuffix(".safetensors") }
}
