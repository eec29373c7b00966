import ArgumentParser
import Compiler
import Diffusion
import Documents
import ModelSpec
import Reports
import Transforms

/// `ditharos trace`: every intermediate matrix of a small model.
struct TraceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Show every intermediate matrix of a small model, step by step.",
    discussion: """
      The compiled graph is run once, from the pictures to the next ones, and every matrix is shown
      as a person would write it on paper.

        ditharos trace Specs/sora-by-hand.yaml --prompt "Sora is sky"
        ditharos trace Specs/sora-by-hand.yaml --blank      the worksheet, to fill in
      """)

  @Argument(help: "A spec; - is standard input.")
  var spec: String

  @Option(help: "The prompt; the spec's example by default.")
  var prompt: String?

  @Option(help: "The class; the spec's example by default.")
  var label: Int?

  @Option(help: "A safetensors file, a folder, or random:SEED; the spec's values by default.")
  var weights: String?

  @Option(help: "The passes that run before: none or all.")
  var passes = Passes.none

  @Flag(help: "One line per tensor.")
  var short = false

  @Flag(help: "Leave out every computed number.")
  var blank = false

  @Option(help: "text or json.")
  var format = ReportFormat.text

  enum Passes: String, CaseIterable, ExpressibleByArgument {
    case none
    case all
  }

  func run() async throws {
    try await reporting(format) {
      let loaded = try load(spec)
      var options = CompileOptions()
      options.passes = passes == .all ? PassPipeline.all : PassPipeline.none
      let compiler = try ModelCompiler(loaded, options: options)
      let parameters = try loaded.spec.openParameters(weights, folder: folder(of: spec))
      let engine = try Engine(parameters: parameters, threads: 1)
      let result = try Tracer(compiler, engine: engine)
        .trace(ConditionRequest(prompt: prompt, label: label))
      let report = TraceReport(result)
      if format == .text { Console.write(report.text(isShort: short, isBlank: blank)) }
      return (loaded.warnings, [(key: "steps", value: report.json)])
    }
  }
}
