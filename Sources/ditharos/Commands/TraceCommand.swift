import ArgumentParser
import Compiler
import Diagnostics
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
      The compiled graph is run once, from the pictures to the next ones, and every
      matrix is shown as a person would write it on paper.

        ditharos trace Specs/sora-by-hand.yaml --prompt "Sora is sky"
        ditharos trace Specs/sora-by-hand.yaml --short    a line per matrix
        ditharos trace Specs/sora-by-hand.yaml --blank    the worksheet, to fill in
      """)

  @Argument(help: "A spec or a compiled model; - is standard input.")
  var spec: String

  @Option(help: "The prompt; the spec's example by default.")
  var prompt: String?

  @Option(parsing: .unconditional, help: "The class; the spec's example by default.")
  var label: String?

  @Option(help: weightsHelp)
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

    var pipeline: [Pass] {
      switch self {
      case .none: PassPipeline.none
      case .all: PassPipeline.all
      }
    }
  }

  func run() async throws {
    try await reporting(format) {
      let loaded = try load(spec)
      var options = CompileOptions()
      options.passes = passes.pipeline
      var problems = Problems()
      let names = LabelNaming(
        loaded.spec, folder: folder(of: spec), weights: weightsArgument(weights, of: spec))
      let conditions = try loaded.located { () throws(DiagnosticsError) in
        ConditionRequest(
          prompt: prompt, labels: try names.labels(of: [label].compactMap(\.self)))
      }
      let compiler = try ModelCompiler(loaded, options: options)
      let tracer = try loaded.located { () throws(DiagnosticsError) in try Tracer(compiler) }
      await problems.check {
        try loaded.located { () throws(DiagnosticsError) in
          _ = try loaded.spec.conditionInputs(conditions, batch: 1)
        }
      }
      let parameters = await problems.check {
        try loaded.located { () throws(DiagnosticsError) in
          try loaded.spec.openParameters(
            weightsArgument(weights, of: spec), folder: folder(of: spec))
        }
      }
      try problems.stopIfAny()
      let engine = try Engine(parameters: try problems.require(parameters), threads: 1)
      let report = TraceReport(try tracer.trace(conditions, engine: engine))
      if format == .text { Console.write(report.text(isShort: short, isBlank: blank)) }
      let warnings = loaded.warnings + loaded.located(loaded.spec.promptWarnings(conditions))
      return (warnings, [(key: "steps", value: report.json)])
    }
  }
}
