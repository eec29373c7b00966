import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Kernels
import Media
import ModelSpec
import Reports
import Tensors
import Weights

/// `ditharos run`: samples, and writes pictures or videos.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Sample pictures or videos from a prompt or from classes.",
    discussion: """
      The output's extension chooses its form: .png (a strip of all frames), .webp
      (animated, lossless), .mp4 .gif .mov (with the program ffmpeg), .safetensors
      (the latent itself). Several samples are numbered, dog-1.png and so on, and
      dog.png is then a contact sheet of them.

        ditharos run Specs/sora-by-hand.yaml --prompt "Sora is sky" -o sky.webp
        ditharos run Specs/sora-by-hand.yaml --video sky.webp --strength 0.5 \\
          --steps 4 --prompt "sky is sora" -o next.webp
        ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 \\
          --steps 4 --guidance 4 --count 4 -o dog.png
        ditharos run --like dog-2.png --steps 20 -o finer.png
      """)

  @Argument(help: "A spec or a compiled model; - is standard input. With --like that of the file.")
  var spec: String?

  @Option(
    help: """
      A PNG, WebP or safetensors file that `run` wrote, to make again; options given beside it \
      win.
      """)
  var like: String?

  @Option(help: "The prompt; the spec's example by default.")
  var prompt: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      """
      A class, by number or by name; several as numbers with commas between, or by repeating the \
      option. The spec's example by default.
      """, valueName: "label"))
  var label: [String] = []

  @Option(
    parsing: .unconditional,
    help: "The class that guidance leads away from, by number or name; none by default.")
  var negativeLabel: String?

  @Option(parsing: .unconditional, help: "Samples of each label, 1 to 1024 in all.")
  var count = 1

  @Option(
    parsing: .unconditional,
    help: "Samples made together, 1 to 1024; `plan --batch` says what they need.")
  var batch = 1

  @Option(help: weightsHelp)
  var weights: String?

  @OptionGroup var plan: PlanOptions

  @OptionGroup var element: PrecisionOptions

  @OptionGroup var cache: CacheOptions

  @Flag(help: "With a cache: make every sample without it too, and say how much they differ.")
  var cacheCompare = false

  @Option(
    parsing: .unconditional,
    help: """
      The seed of the first sample's noise, of each further one's one more; without one, the \
      spec's example noise or seed 0.
      """)
  var seed: UInt64?

  @Option(
    help: """
      A safetensors file with the noise, in the latent's shape or a row for each sample; \
      step_noise for the steps.
      """)
  var noise: String?

  @Option(help: "A video, a folder of pictures, or a latent in .safetensors, to start from.")
  var video: String?

  @Option(help: "A picture, or a latent in .safetensors, to start from.")
  var image: String?

  @Option(
    parsing: .unconditional,
    help: "The share of the steps to run from there: above 0, and 1 is all of them.")
  var strength: Double?

  @OptionGroup var threading: ThreadOptions

  @Option(
    parsing: .unconditional,
    help: "How many screen pixels a pixel takes, 1 to 256; chosen for the eye by default.")
  var scale: Int?

  @Option(parsing: .unconditional, help: "Frames per second of a video, 0.1 to 240; 4 by default.")
  var fps: Double?

  @Option(
    parsing: .unconditional,
    help: "Write a preview after every so many steps, to dog-preview.png for dog.png.")
  var previewEvery: Int?

  @Option(help: "auto (a bar on a terminal, JSON lines otherwise), bar, jsonl or none.")
  var progress = ProgressStyle.auto

  @Flag(help: "Show where the time went: by stage and by kernel.")
  var profile = false

  @Option(name: .shortAndLong, help: "The output file; out.webp by default.")
  var output: String?

  func run() async throws {
    try await reporting(.text) {
      var problems = Problems()
      let job = try await prepare(&problems)
      let model = try job.compiler.sampling()
      let engine = try Engine(parameters: job.parameters, threads: threading.threads)
      let run = try SamplingRun(model, engine: engine, isTimed: profile)
      let setupSeconds = try await sample(job, run)
      Console.complain(
        RunSummary(
          model, instructions: run.instructionCount, steps: run.stepCount,
          setupSeconds: setupSeconds, seconds: ProcessClock.seconds
        ).text)
      if profile {
        let precision = job.compiler.options.precision
        let peaks = [precision: engine.row.peakRate(precision, pool: engine.pool)]
        Console.write(RunProfile(try run.times(), seconds: ProcessClock.seconds, peaks: peaks).text)
      }
      return (problems.diagnostics, [])
    }
  }

  /// Makes and writes all samples, each as soon as it is there.
  ///
  /// - Returns: The seconds from the start of the process to the first step.
  private func sample(_ job: RunJob, _ run: SamplingRun) async throws -> Double {
    var writer = SampleWriter(job)
    var meter = ProgressMeter(
      progress, steps: run.stepCount, samples: job.series.samples.count, batch: job.series.batch)
    var setupSeconds: Double?
    var skipping = SkippingSummary()
    writer.protect()
    do {
      for range in job.series.batches {
        let latents = try run.latents(job.series.request(for: range)) {
          (done) throws(DiagnosticsError) in
          if setupSeconds == nil {
            setupSeconds = ProcessClock.seconds
            meter.begin(setupSeconds: ProcessClock.seconds)
          }
          meter.update(done, first: range.lowerBound)
          if let previewEvery, done > 0, done < run.stepCount, done % previewEvery == 0 {
            try writer.writePreview(of: run)
          }
        }
        if let skipped = run.skippedSteps {
          skipping.add(skipped)
          if cacheCompare {
            let whole = try run.latentsOfAllBlocks(job.series.request(for: range))
            skipping.add(difference: latents.relativeDifference(from: whole))
          }
        }
        for index in range {
          try await writer.write(latents, index, in: range, of: run)
        }
      }
      try await writer.finish()
      if let text = skipping.text { Console.complain(text) }
    } catch {
      writer.stop()
      throw error
    }
    return setupSeconds ?? ProcessClock.seconds
  }
}
