import ArgumentParser
import Compiler
import Diagnostics
import Documents
import Foundation
import ModelSpec

extension ReportFormat: ExpressibleByArgument {}

/// The exit status of a command.
typealias ExitStatus = ExitCode

/// What is read from standard input, once.
final class StandardInput: Sendable {
  /// The one of the process.
  static let shared = StandardInput()

  /// The text of standard input; nil when it is not UTF-8 text.
  let text: String?

  private init() { text = try? readTextFile("-", byteLimit: 1 << 20) }
}

/// Loads the spec of a path; `-` is standard input.
func load(_ path: String) throws(DiagnosticsError) -> LoadedSpec {
  guard path == "-", let text = StandardInput.shared.text else { return try loadSpec(file: path) }
  return try loadSpec(text: text, file: "-", folder: ".")
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
    guard parts.count == 2, let height = Int(parts[0]), let width = Int(parts[1]), height > 0,
      width > 0
    else { return nil }
    self.height = height
    self.width = width
  }
}

/// The options that choose a plan.
struct PlanOptions: ParsableArguments {
  @Option(help: "Steps of a run; the spec's by default.")
  var steps: Int?

  @Option(help: "Guidance scale; 1 is none; the spec's by default.")
  var guidance: Double?

  @Option(
    help: "Rows and columns as HEIGHTxWIDTH: of pixels where the spec has them, else of the latent."
  )
  var size: SizeArgument?

  @Option(help: "Frames, of a model of videos.")
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
