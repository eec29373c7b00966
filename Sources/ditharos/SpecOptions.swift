import ArgumentParser
import Compiler
import Diagnostics
import Documents
import Foundation
import ModelSpec

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
func load(_ path: String) throws(DiagnosticsError) -> LoadedSpec {
  guard path == "-" else { return try loadSpec(file: path) }
  return try loadSpec(text: StandardInput.shared.text(), file: "-", folder: ".")
}

/// The folder of a spec, for files that it names.
func folder(of path: String) -> String {
  path == "-" ? "." : URL(fileURLWithPath: path).deletingLastPathComponent().path
}

/// A size as `HEIGHTxWIDTH`.
struct SizeArgument: ExpressibleByArgument {
  /// Rows.
  let height: Int
  /// Columns.
  let width: Int

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let height = Int(parts[0]), let width = Int(parts[1]) else {
      return nil
    }
    self.height = height
    self.width = width
  }
}

/// The options that choose a plan.
struct PlanOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Steps of a run; the spec's by default.")
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
    options.steps = steps
    options.guidance = guidance
    options.size = size.map { ($0.height, $0.width) }
    options.frames = frames
    return options
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
