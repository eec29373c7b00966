import Diffusion
import Documents
import GraphIR
import Runtime
import Tensors

/// What a benchmark measured, as text and as JSON.
package struct BenchReport: Sendable {
  /// What was measured of one spec.
  package struct Result: Sendable {
    /// The spec as it was named.
    package var spec: String
    /// The model's name.
    package var name: String
    /// The element type of weights and operands.
    package var precision: Precision
    /// The kernels.
    package var kernels: String
    /// The threads.
    package var threads: Int
    /// Samples made together.
    package var batch: Int
    /// The guidance scale; 1 is none.
    package var guidance: Double
    /// The steps of a run.
    package var steps: Int
    /// Forward passes; nil where they were not asked for.
    package var forward: Benchmark.Measurement?
    /// Steps; nil where they were not asked for.
    package var step: Benchmark.Measurement?
    /// Steps of a training; nil where they were not asked for.
    package var training: Benchmark.Measurement?
    /// The bytes of a training: parameters, gradients, moments, activations; nil without one.
    package var trainingBytes: Int?
    /// The time of a step that the machine's profile lets expect; nil without one.
    package var expectedSecondsPerStep: Double?

    /// What is measured last, and shown in parts.
    var longest: Benchmark.Measurement? { training ?? step ?? forward }

    /// A result without measurements.
    package init(
      spec: String, name: String, precision: Precision, kernels: String, threads: Int, batch: Int,
      guidance: Double, steps: Int
    ) {
      self.spec = spec
      self.name = name
      self.precision = precision
      self.kernels = kernels
      self.threads = threads
      self.batch = batch
      self.guidance = guidance
      self.steps = steps
    }
  }

  private let peaks: [Precision: Double]

  /// A report by the most floating-point operations per second that were measured in the same run.
  package init(peaks: [Precision: Double]) { self.peaks = peaks }

  /// The peaks for people.
  package var peakText: String {
    let known = Precision.allCases.compactMap { precision in
      peaks[precision].map { "\(rate($0)) GFLOP/s \(precision.rawValue)" }
    }
    return "peak: \(known.joined(separator: ", ")), on registers alone\n"
  }

  // MARK: Text

  /// One result for people.
  package func text(_ result: Result) -> String {
    let title =
      "\(result.name)  \(result.precision.rawValue), \(result.kernels), "
      + "\(counted(result.threads, "thread")), batch \(result.batch), "
      + "guidance \(decimal(result.guidance, digits: 1))"
    var rows = [["", "median", "fastest", "slowest", "GFLOP", "GFLOP/s", "of peak", ""]]
    if let forward = result.forward {
      rows.append(row("forward", forward, result, of: counted(forward.seconds.count, "pass")))
    }
    if let step = result.step {
      let runs = "\(counted(step.runs, "run")) of \(counted(result.steps, "step"))"
      rows.append(row("step", step, result, of: runs))
    }
    if let training = result.training {
      rows.append(
        row(
          "training step", training, result,
          of: "\(counted(training.runs, "run")), \(bytes(result.trainingBytes ?? 0))"))
    }
    if let expected = result.expectedSecondsPerStep, result.step != nil {
      rows.append(["expected", duration(expected), "", "", "", "", "", "by the machine's profile"])
    }
    var lines = [title] + aligned(rows, numeric: [1, 2, 3, 4, 5, 6])
    if let measurement = result.longest {
      let isPass = result.step == nil && result.training == nil
      lines += ["", "  where the time of a \(isPass ? "pass" : "step") goes"]
      lines += table(measurement).text
      lines += ["", "  once"] + aligned(once(measurement), numeric: [1])
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func row(
    _ name: String, _ measurement: Benchmark.Measurement, _ result: Result, of runs: String
  ) -> [String] {
    let seconds = measurement.seconds
    let figures = figures(measurement, result)
    return [
      name, duration(seconds.median ?? 0), duration(seconds.min() ?? 0),
      duration(seconds.max() ?? 0), decimal(figures.flops / 1e9, digits: 2),
      rate(figures.flopsPerSecond), percent(figures.fraction), runs,
    ]
  }

  /// What is done before the passes that are measured.
  private func once(_ measurement: Benchmark.Measurement) -> [[String]] {
    [["load", duration(measurement.times.loadSeconds)]]
      + measurement.times.stages.dropLast().filter { $0.runs > 0 }.map {
        [$0.binding.rawValue, duration($0.seconds / Double($0.runs))]
      }
  }

  // MARK: JSON

  /// The entries of the JSON form; `peak_flops` is that of the first result's precision.
  package func json(_ results: [Result]) -> [(key: String, value: JSONValue)] {
    [
      (key: "peak_flops", value: .number(peaks[results.first?.precision ?? .f32] ?? 0)),
      (key: "results", value: .array(results.map(json))),
    ]
  }

  private func json(_ result: Result) -> JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
    let figures = result.longest.map { self.figures($0, result) }
    return .object([
      (key: "spec", value: .string(result.spec)),
      (key: "name", value: .string(result.name)),
      (key: "precision", value: .string(result.precision.rawValue)),
      (key: "kernels", value: .string(result.kernels)),
      (key: "threads", value: .integer(result.threads)),
      (key: "batch", value: .integer(result.batch)),
      (key: "guidance", value: .number(result.guidance)),
      (key: "steps", value: .integer(result.steps)),
      (key: "seconds_per_forward", value: number(result.forward?.seconds.median)),
      (key: "seconds_per_step", value: number(result.step?.seconds.median)),
      (key: "expected_seconds_per_step", value: number(result.expectedSecondsPerStep)),
      (key: "peak_flops", value: number(peaks[result.precision])),
      (key: "flops_per_second", value: number(figures?.flopsPerSecond)),
      (key: "fraction_of_peak", value: number(figures?.fraction)),
      (key: "seconds_per_training_step", value: number(result.training?.seconds.median)),
      (key: "training_bytes", value: result.trainingBytes.map(JSONValue.integer) ?? .null),
      (key: "forward", value: result.forward.map { json($0, result) } ?? .null),
      (key: "step", value: result.step.map { json($0, result) } ?? .null),
      (key: "training", value: result.training.map { json($0, result) } ?? .null),
    ])
  }

  private func json(_ measurement: Benchmark.Measurement, _ result: Result) -> JSONValue {
    let figures = figures(measurement, result)
    let stages = measurement.times.stages.filter { $0.runs > 0 }.map { stage in
      JSONValue.object([
        (key: "binding", value: .string(stage.binding.rawValue)),
        (key: "runs", value: .integer(stage.runs)),
        (key: "seconds", value: .number(stage.seconds / Double(stage.runs))),
      ])
    }
    return .object([
      (key: "runs", value: .integer(measurement.runs)),
      (key: "samples", value: .integer(measurement.seconds.count)),
      (key: "median_seconds", value: .number(measurement.seconds.median ?? 0)),
      (key: "minimum_seconds", value: .number(measurement.seconds.min() ?? 0)),
      (key: "maximum_seconds", value: .number(measurement.seconds.max() ?? 0)),
      (key: "flops", value: .number(figures.flops)),
      (key: "flops_per_second", value: .number(figures.flopsPerSecond)),
      (key: "fraction_of_peak", value: .number(figures.fraction)),
      (key: "processor_share", value: .number(measurement.processorShare)),
      (key: "load_seconds", value: .number(measurement.times.loadSeconds)),
      (key: "stages", value: .array(stages)),
      (key: "kernels", value: table(measurement).json),
    ])
  }

  // MARK: Figures

  /// Floating-point operations of a pass, those per second by the median, and their share of the
  /// peak.
  private func figures(
    _ measurement: Benchmark.Measurement, _ result: Result
  ) -> (flops: Double, flopsPerSecond: Double, fraction: Double) {
    let flops = 2 * Double(measurement.multiplyAccumulates)
    let rate = flops / max(measurement.seconds.median ?? 0, 1e-12)
    return (flops, rate, rate / max(peaks[result.precision] ?? 0, 1))
  }

  /// The calls of one pass.
  private func table(_ measurement: Benchmark.Measurement) -> KernelTable {
    let stages = measurement.times.stages.suffix(1)
    return KernelTable(Array(stages), dividedBy: max(1, stages.last?.runs ?? 1), peaks: peaks)
  }

  private func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : noun == "pass" ? "es" : "s")"
  }
}
