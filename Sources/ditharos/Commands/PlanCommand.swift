import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Documents
import Kernels
import ModelSpec
import Reports

/// `ditharos plan`: what a model costs.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a model costs before anything is allocated: parameters, work, memory.",
    discussion: """
      Every figure is exact: what the plan says is what a run uses.

        ditharos plan Specs/dit-xl-2-256.yaml
        ditharos plan Specs/dit-s-2.yaml --steps 20 --guidance 4 --format json
      """)

  @Argument(help: "A spec; - is standard input.")
  var spec: String

  @OptionGroup var options: PlanOptions

  @Option(parsing: .unconditional, help: "Samples made together, 1 to 1024.")
  var batch = 1

  @Option(help: "text or json.")
  var format = ReportFormat.text

  func run() async throws {
    try await reporting(format) {
      let loaded = try load(spec)
      let compiler = try ModelCompiler(loaded, options: options.compileOptions(batch: batch))
      let figures = try compiler.figures()
      let report = PlanReport(figures)
      let machine = PlanReport.Machine(
        kernels: try Engine.selectedRow().name,
        threads: Processor.current().defaultThreadCount)
      if format == .text { Console.write(report.text(machine: machine)) }
      return (
        loaded.warnings + compiler.exceededBudgets(figures), report.json(machine: machine)
      )
    }
  }
}
