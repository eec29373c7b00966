import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import ModelSpec
import Tensors
import Training

extension TrainingStage: ExpressibleByArgument {}

/// `ditharos train`: trains what a spec does not freeze.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train the parameters that a spec does not freeze, on a folder of data.",
    discussion: """
      Data are pictures (.png, .webp), animations (.webp), folders of frames and, with
      the program ffmpeg, videos. A prompt is learned from words in NAME.txt beside
      NAME.webp or in captions.jsonl, {"file": "a.webp", "caption": "a red balloon"}
      on each line; a class from the sub-folder's name. The key `training` of the spec
      says how to learn.

        ditharos train digits.yaml --data digits/ --out run
        ditharos train digits.yaml --data digits/ --out run --resume
        ditharos train digits.yaml --data digits/ --out run --resume --precision bf16
        ditharos run run/spec.yaml --label 3 -o three.png

      A model with an autoencoder of its own learns in two stages:

        ditharos train sky.yaml --stage autoencoder --data clips/ --out first
        ditharos train sky.yaml --data clips/ --out second \\
          --weights first/weights.safetensors

      The folder of --out holds weights.safetensors, checkpoints (step-N/), metrics.jsonl,
      loss.svg and samples/. Ctrl-C writes a checkpoint and ends; a training that is
      resumed, whatever ended it, gives the same bytes as one that never stopped.
      """)

  @Argument(help: "A spec with the key `training`; - is standard input.")
  var spec: String

  @Option(help: "The folder of the data.")
  var data: String

  @Option(help: "The folder that the training writes to: a new or an empty one.")
  var out: String

  @Option(
    help: """
      autoencoder or denoiser; the autoencoder by default where it may learn and has no weights, \
      else the denoiser.
      """)
  var stage: TrainingStage?

  @Flag(help: "Continue the training that the folder of --out holds.")
  var resume = false

  @Option(parsing: .unconditional, help: "Steps of the whole training; the spec's by default.")
  var steps: Int?

  @Option(
    parsing: .unconditional,
    help: "The seed of starting values, noise and order; 0 by default, the same when resumed.")
  var seed: UInt64?

  @Option(
    help: """
      What to start from: a safetensors file, of the autoencoder alone too, a folder or \
      random:SEED; the spec's file by default, else a new model.
      """)
  var weights: String?

  @Option(
    parsing: .unconditional,
    help: "Steps between two checkpoints, of which the last three stay; ten minutes by default.")
  var checkpointEvery: Int?

  @Option(
    parsing: .unconditional,
    help: "Steps between two sheets of samples; 0 for none, a tenth of all by default.")
  var sampleEvery: Int?

  @Option(
    help: """
      f32 or bf16: what matrices are multiplied in; sums, weights and checkpoints are f32 always. \
      f32 by default, the same when resumed.
      """)
  var precision: Precision?

  @OptionGroup var threading: ThreadOptions

  @Option(help: "auto (a bar on a terminal, JSON lines otherwise), bar, jsonl or none.")
  var progress = ProgressStyle.auto

  func run() async throws {
    var end = TrainingEnd.finished
    try await reporting(.text) {
      var problems = Problems()
      problems.add(optionProblems)
      let checked = await problems.check { try load(spec) }
      try problems.stopIfAny()
      let loaded = try problems.require(checked)
      if !loaded.warnings.isEmpty {
        Console.complain(rendered(loaded.warnings, descriptor: 2))
      }
      do {
        end = try await train(loaded)
      } catch let error as DiagnosticsError {
        try loaded.located { () throws(DiagnosticsError) in throw error }
      }
      return ([], [])
    }
    if end == .stopped { throw ExitCode(130) }
  }

  private func train(_ loaded: LoadedSpec) async throws -> TrainingEnd {
    var meter = TrainingMeter(progress)
    let session = try await TrainingSession(loaded, settings) { meter.read($0, of: $1) }
    meter.clear()
    for line in session.introduction { Console.complain(line) }
    Interruption.postpone(saying: "stopping after this step; again to stop at once")
    let end = try await session.run(isStopping: { Interruption.isRequested }) { event in
      switch event {
      case .step(let metrics, let rate, let left, let checkpoint):
        meter.update(
          metrics, of: session.stepCount, samplesPerSecond: rate, secondsLeft: left,
          nextCheckpoint: checkpoint)
      case .checkpoint(let path), .samples(let path): meter.wrote(path)
      }
    }
    meter.clear()
    switch end {
    case .stopped:
      Console.complain(
        "stopped after step \(session.trainer.step) of \(session.stepCount); continue with:\n  "
          + (["ditharos"] + resumingArguments).joined(separator: " "))
    case .finished:
      for line in try session.conclusion() { Console.complain(line) }
    }
    return end
  }

  private var settings: TrainingSettings {
    var settings = TrainingSettings(data: data, output: out)
    settings.stage = stage
    settings.specFolder = spec == "-" ? "." : folder(of: spec)
    settings.steps = steps
    settings.seed = seed
    settings.precision = precision
    settings.threads = threading.threads
    settings.isResuming = resume
    settings.weights = weightsArgument(weights, of: spec)
    settings.checkpointEvery = checkpointEvery
    settings.sampleEvery = sampleEvery
    return settings
  }

  /// The arguments that continue this training.
  private var resumingArguments: [String] {
    let given = Array(CommandLine.arguments.dropFirst()).map { argument in
      argument.contains { $0 == " " || $0 == "'" || $0 == "\"" }
        ? "'"
          + argument.split(separator: "'", omittingEmptySubsequences: false)
          .joined(separator: #"'\''"#) + "'" : argument
    }
    return resume ? given : given + ["--resume"]
  }

  private var optionProblems: [Diagnostic] {
    var found = threading.problems
    for (name, value, least) in [
      ("--steps", steps, 1), ("--checkpoint-every", checkpointEvery, 1),
      ("--sample-every", sampleEvery, 0),
    ] {
      if let value, !(least...1_000_000_000).contains(value) {
        found.append(
          Diagnostic(
            UsageRules.option, "\(name) \(value) is out of range",
            help: "use \(least) to 1000000000"))
      }
    }
    return found
  }
}
