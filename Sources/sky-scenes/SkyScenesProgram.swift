import ArgumentParser
import Diagnostics
import Media

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The command line of the example's data set.
@main
struct SkyScenesProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sky-scenes",
    abstract: "Renders the clips that the sky model learns from, and scores what it has learnt.",
    discussion: """
        sky-scenes render --out out/sky --count 20000
        sky-scenes vocabulary
        sky-scenes score Specs/sky.yaml
        sky-scenes read clip.webp
      """,
    subcommands: [RenderCommand.self, VocabularyCommand.self, ScoreCommand.self, ReadCommand.self])
}

/// Writes a line to standard error.
func complain(_ text: String) {
  let bytes = Array("\(text)\n".utf8)
  _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}

/// Runs the body of a command and tells in a line what stops it.
///
/// - Throws: The exit status, when it is not 0.
func reporting(_ body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch let error as MediaError {
    complain("error: \(error)")
    throw ExitCode(4)
  } catch let error as DiagnosticsError {
    for diagnostic in error.diagnostics {
      complain("\(diagnostic.rule.severity.rawValue): \(diagnostic.message)")
    }
    throw ExitCode(error.diagnostics.exitStatus)
  }
}
