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
        ditharos plan Specs/dit-xl-2-256.yaml --precision bf16
      """)

  @Argument(help: "A spec; - is standard input.")
  var spec: String

  @OptionGroup var options: PlanOptions

  @OptionGroup var element: PrecisionOptions

  @OptionGroup var cache: CacheOptions

  @Option(parsing: .unconditional, help: "Samples made together, 1 to 1024.")
  var batch = 1

  @Option(help: "text or json.")
  var format = ReportFormat.text

  func run() async throws {
    try await reporting(format) {
      let loaded = try load(spec)
      var chosen = options.compileOptions(batch: batch)
      chosen.skipping = cache.skipping
      chosen.precision = try element.resolved(weights: weightsArgument(nil, of: spec))
      let compiler = try ModelCompiler(loaded, options: chosen)
      let figures = try compiler.figures()
      let report = PlanReport(figures)
      let kernels = try Engine.selectedRow().name
      let threads = Processor.current().defaultThreadCount
      let stored = MachineCache.profile(for: MachineCache.key(kernels: kernels, threads: threads))
      let machine = PlanReport.Machine(
        kernels: kernels, threads: threads, profile: stored.profile)
      if format == .text { Console.write(report.text(machine: machine)) }
      return (
        loaded.warnings + stored.warnings + compiler.exceededBudgets(figures),
        report.json(machine: machine)
      )
    }
  }
}
