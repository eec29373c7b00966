import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Documents
import Kernels
import ModelSpec
import Reports
import Runtime
import Schedules
import Tensors
import Training
import Weights

/// `ditharos bench`: how fast a model, or the machine, is.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how fast models run here, or how fast this machine is.",
    discussion: """
      With specs: the time of a forward pass (one timestep alone, conditioning
      included) and of a step within a run of 20 steps, and where it goes. Times are
      medians after a warm-up. Operations are the multiply-accumulates of linear
      layers, products and attention, times two; the peak is that of multiply-adds on
      registers alone, measured in the same run.

        ditharos bench Specs/dit-s-2.yaml
        ditharos bench Specs/dit-s-2.yaml --measure steps --guidance 4 --runs 5
        ditharos bench Specs/dit-s-2.yaml Specs/dit-b-4.yaml --format json
        ditharos bench Specs/dit-s-2.yaml --measure training --batch 8

      Without a spec: the kernels of this machine. Their times are stored, so that
      `plan` can state the time of a step.

        ditharos bench
      """)

  @Argument(help: "Specs; - is standard input.")
  var specs: [String] = []

  @Option(help: "forward, steps or training; the first two by default.")
  var measure: Measure?

  @Option(help: "As for run; random:0 by default, or those of a compiled model.")
  var weights: String?

  @OptionGroup var plan: PlanOptions

  @OptionGroup var element: PrecisionOptions

  @Option(parsing: .unconditional, help: "Samples made together, 1 to 1024.")
  var batch = 1

  @OptionGroup var threading: ThreadOptions

  @Option(
    parsing: .unconditional,
    help: "Runs of each measurement, 1 to 1000; as many as some seconds hold by default.")
  var runs: Int?

  @Option(help: "text or json.")
  var format = ReportFormat.text

  enum Measure: String, CaseIterable, ExpressibleByArgument {
    case forward
    case steps
    case training
  }

  func run() async throws {
    try await reporting(format) {
      var problems = Problems()
      problems.add(threading.problems)
      if let runs, !(1...1000).contains(runs) {
        problems.add([
          Diagnostic(UsageRules.option, "\(runs) runs cannot be made", help: "use 1 to 1000")
        ])
      }
      return specs.isEmpty ? try await machine(&problems) : try await models(&problems)
    }
  }

  private typealias Outcome = (warnings: [Diagnostic], entries: [(key: String, value: JSONValue)])

  // MARK: The machine

  private func machine(_ problems: inout Problems) async throws -> Outcome {
    try problems.stopIfAny()
    note("measuring the kernels of this machine")
    let row = try Engine.selectedRow()
    let pool = try Engine.threadPool(threadCount: threading.threads)
    let key = MachineCache.key(kernels: row.name, threads: pool.threadCount)
    let use = ProcessorUse()
    let profile = try Engine.measureMachine(row, pool, key: key, passes: runs)
    let share = use.share(threadCount: pool.threadCount)
    let (path, warnings) = MachineCache.store(profile)
    let report = MachineReport(profile)
    if format == .text {
      Console.write(report.text)
      if let path { Console.complain("stored in \(path), for `plan`") }
    }
    let entries =
      [(key: "peak_flops", value: JSONValue.number(profile.peaks[.f32] ?? 0))]
      + [(key: "results", value: .array([]))] + report.json
      + [(key: "profile", value: path.map(JSONValue.string) ?? .null)]
    return (warnings + MachineRules.warnings("this machine", processorShare: share), entries)
  }

  // MARK: Models

  /// A spec that is ready to be measured.
  private struct Subject {
    var path: String
    var loaded: LoadedSpec
    var compiler: ModelCompiler
    var parameters: ParameterSource
    var steps: Int
    var guidance: Double
  }

  private func models(_ problems: inout Problems) async throws -> Outcome {
    // Nothing is measured before everything has been checked.
    var subjects: [Subject] = []
    for path in specs {
      if let subject = await problems.check({ try self.subject(path) }) {
        problems.add(subject.loaded.warnings)
        subjects.append(subject)
      }
    }
    try problems.stopIfAny()
    let row = try Engine.selectedRow()
    let pool = try Engine.threadPool(threadCount: threading.threads)
    let stored = MachineCache.profile(
      for: MachineCache.key(kernels: row.name, threads: pool.threadCount))
    problems.add(stored.warnings)
    var peaks: [Precision: Double] = [:]
    // The best that is seen, whatever else ran meanwhile.
    func measurePeaks() {
      for precision in Precision.allCases {
        peaks[precision] = max(peaks[precision] ?? 0, row.peakRate(precision, pool: pool))
      }
    }
    measurePeaks()
    var results: [BenchReport.Result] = []
    for subject in subjects {
      var result = try measure(subject, pool)
      if let works = result.step?.works {
        result.expectedSecondsPerStep = stored.profile?.seconds(for: works)
      }
      for measurement in [result.forward, result.step, result.training].compactMap(\.self) {
        problems.add(
          MachineRules.warnings(
            "`\(result.name)`", processorShare: measurement.processorShare))
      }
      results.append(result)
      measurePeaks()
      if format == .text { Console.write(BenchReport(peaks: peaks).text(result) + "\n") }
    }
    let report = BenchReport(peaks: peaks)
    if format == .text { Console.write(report.peakText) }
    return (problems.diagnostics, report.json(results))
  }

  /// Checks a spec with the options.
  private func subject(_ path: String) throws(DiagnosticsError) -> Subject {
    let loaded = try load(path)
    var options = plan.compileOptions(batch: batch)
    // A step is all of it.
    options.skipping = .none
    options.steps = plan.steps ?? Benchmark.stepCount
    options.precision = try element.resolved(weights: weightsArgument(weights, of: path))
    var compiler = try ModelCompiler(loaded, options: options)
    if loaded.spec.denoiser != nil, plan.steps == nil, (try? compiler.trajectory()) == nil {
      // A sampler that has not that many.
      options.steps = nil
      compiler = try ModelCompiler(loaded, options: options)
    }
    let isDecoder = loaded.spec.denoiser == nil && loaded.spec.autoencoder != nil
    let steps = isDecoder ? 0 : try compiler.trajectory().timesteps.count
    let parameters = try loaded.located { () throws(DiagnosticsError) in
      try loaded.spec.openParameters(
        weightsArgument(weights, of: path) ?? "random:0", folder: folder(of: path))
    }
    return Subject(
      path: path, loaded: loaded, compiler: compiler, parameters: parameters, steps: steps,
      guidance: isDecoder ? 1 : try compiler.guidance())
  }

  private func measure(
    _ subject: Subject, _ pool: ThreadPool
  ) throws(DiagnosticsError) -> BenchReport.Result {
    let engine = try Engine(parameters: subject.parameters, pool: pool)
    var result = BenchReport.Result(
      spec: subject.path, name: subject.loaded.spec.name,
      precision: subject.compiler.options.precision,
      kernels: engine.row.name, threads: pool.threadCount, batch: batch,
      guidance: subject.guidance, steps: subject.steps)
    let benchmark = Benchmark(subject.compiler, engine: engine)
    let repetition = Benchmark.Repetition(runs: runs)
    // Without a denoiser there are no steps, and the decoder is what is measured.
    let hasSteps = subject.steps > 0
    if measure == .training {
      note("\(subject.loaded.spec.name): steps of a training")
      let trainer = try trainer(subject, pool)
      result.training = try trainer.measure(repetition)
      result.trainingBytes = trainer.byteCount
      return result
    }
    if measure != .steps || !hasSteps {
      note("\(subject.loaded.spec.name): forward passes")
      var repetition = repetition
      repetition.fewest = 5
      result.forward = try benchmark.forward(repetition)
    }
    if measure != .forward, hasSteps {
      note("\(subject.loaded.spec.name): runs of \(subject.steps) steps")
      result.step = try benchmark.steps(repetition)
    }
    return result
  }

  /// A trainer by the spec, or where that does not say how by AdamW.
  private func trainer(
    _ subject: Subject, _ pool: ThreadPool
  ) throws(DiagnosticsError) -> Trainer {
    var loaded = subject.loaded
    if loaded.spec.training == nil {
      var training = TrainingSpec(learningRate: 1e-4)
      training.optimizer = .adamW(TrainingSpec.AdamW())
      loaded.spec.training = training
    }
    loaded.spec.training?.batch = batch
    var options = plan.compileOptions(batch: batch)
    options.precision = subject.compiler.options.precision
    return try Trainer(
      loaded, samples: LatentSamples.noise(count: batch, for: loaded.spec),
      source: subject.parameters, seed: 0, pool: pool,
      options: options)
  }

  /// Says what is being done, to a person who waits.
  private func note(_ text: String) {
    if Console.isTerminal(2) { Console.complain(text) }
  }
}
