import ArgumentParser
import Compiler
import Diagnostics
import Diffusion
import Documents
import ModelSpec
import Tensors
import Weights

/// The most bytes of a spec that are read.
let specByteLimit = DocumentLimits.spec.byteCount

/// What is read from standard input, once.
final class StandardInput: Sendable {
  /// The one of the process.
  static let shared = StandardInput()

  private let result: Result<String, DiagnosticsError>

  private init() {
    result = Result { () throws(DiagnosticsError) in
      try readTextFile("-", byteLimit: specByteLimit)
    }
  }

  /// The text of standard input.
  ///
  /// - Throws: What reading it threw.
  func text() throws(DiagnosticsError) -> String { try result.get() }
}

/// Loads the spec of a path; `-` is standard input, whose components stand in the current folder.
///
/// The spec of a compiled model has the file's name; its places are those of the text that `expand`
/// prints.
func load(_ path: String) throws(DiagnosticsError) -> LoadedSpec {
  guard path == "-" else {
    return CompiledFile.isCompiled(path: path)
      ? try loadSpec(text: CompiledFile(path: path).spec, file: path, folder: nil)
      : try loadSpec(file: path)
  }
  return try loadSpec(text: StandardInput.shared.text(), file: "-", folder: ".")
}

/// What `--weights` takes.
let weightsHelp: ArgumentHelp =
  "A safetensors file, a folder, a compiled model or random:SEED; the spec's own by default."

/// The weights asked for, or else those that a compiled model holds beside its spec.
func weightsArgument(_ weights: String?, of spec: String) -> String? {
  weights ?? (spec != "-" && CompiledFile.isCompiled(path: spec) ? spec : nil)
}

/// A size as `HEIGHTxWIDTH`.
struct SizeArgument: ExpressibleByArgument {
  /// Rows.
  let height: Int
  /// Columns.
  let width: Int

  init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let height = Int(parts[0]), let width = Int(parts[1]) else {
      return nil
    }
    self.height = height
    self.width = width
  }
}

/// A threshold of the step cache: a number, or `none`.
struct CacheArgument: ExpressibleByArgument {
  /// The threshold; nil for no cache.
  let threshold: Double?

  init(threshold: Double?) { self.threshold = threshold }

  init?(argument: String) {
    guard argument == "none" || Double(argument) != nil else { return nil }
    threshold = Double(argument)
  }
}

/// The options that choose a plan.
struct PlanOptions: ParsableArguments {
  @Option(help: "ddim, ddpm, dpm_solver or euler, in its default settings; the spec's by default.")
  var sampler: String?

  @Option(parsing: .unconditional, help: "Steps of a run; the spec's by default, 20 for `bench`.")
  var steps: Int?

  @Option(
    parsing: .unconditional, help: "Guidance scale; 1 is none; the spec's by default.")
  var guidance: Double?

  @Option(
    parsing: .unconditional,
    help: "Rows and columns as HEIGHTxWIDTH: of pixels where the spec has them, else of the latent."
  )
  var size: SizeArgument?

  @Option(parsing: .unconditional, help: "Frames, of a model of videos.")
  var frames: Int?

  /// The options of a compilation.
  func compileOptions(batch: Int = 1) -> CompileOptions {
    var options = CompileOptions()
    options.batch = batch
    options.sampler = sampler
    options.steps = steps
    options.guidance = guidance
    options.size = size.map { ($0.height, $0.width) }
    options.frames = frames
    return options
  }
}

/// The option that lets steps skip blocks.
struct CacheOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: """
      Skip the blocks after the first in steps where that one changes less than this share, as in \
      0.1; none by default, or the spec's `cache`.
      """)
  var cacheThreshold: CacheArgument?

  /// Which steps skip blocks.
  var skipping: StepSkipping {
    cacheThreshold.map { $0.threshold.map(StepSkipping.below) ?? .none } ?? .spec
  }
}

extension Precision: ExpressibleByArgument {}

/// The option that chooses the element type.
struct PrecisionOptions: ParsableArguments {
  @Option(
    help: """
      f32 or bf16: what weights and the operands of products and attention are kept in; that of \
      a compiled model, else f32, by default. With bf16 weights take half the memory.
      """)
  var precision: Precision?

  /// The precision to compile for: the option's, else that of compiled weights, else f32.
  ///
  /// - Parameter weights: Where the weights are; nil where the spec says it.
  /// - Throws: `ditc.precision` for weights compiled in bf16 that are asked for in f32; what opening
  ///   a compiled model throws.
  func resolved(weights: String?) throws(DiagnosticsError) -> Precision {
    guard let weights, CompiledFile.isCompiled(path: weights) else { return precision ?? .f32 }
    let compiled = try CompiledFile(path: weights).precision
    if precision == .f32, compiled == .bf16 {
      throw DiagnosticsError(
        Diagnostic(
          CompiledRules.precision, "`\(weights)` was compiled in bf16, and cannot be run in f32",
          help: "leave --precision out, or compile the model again without it"))
    }
    return precision ?? compiled
  }
}

/// The option that chooses the threads.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "The number of threads; by default the physical cores, or the quota.")
  var threads: Int?

  /// What is wrong with the number.
  var problems: [Diagnostic] {
    guard let threads, !(1...256).contains(threads) else { return [] }
    return [
      Diagnostic(UsageRules.option, "\(threads) threads cannot be used", help: "use 1 to 256")
    ]
  }
}
