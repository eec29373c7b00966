import ArgumentParser
import Diagnostics
import Documents
import Media
import Weights

/// The form of a command's result.
enum ReportFormat: String, CaseIterable, Sendable, ExpressibleByArgument {
  case text
  case json
}

/// The problems of checks that do not need one another, gathered so that a person sees all of them
/// at once.
struct Problems {
  /// What was found, warnings included.
  private(set) var diagnostics: [Diagnostic] = []

  /// Adds what is already known.
  mutating func add(_ found: [Diagnostic]) { diagnostics += found }

  /// The result of a check; nil when it fails, and its problems are kept.
  mutating func check<Result>(_ body: () async throws -> Result) async -> Result? {
    do {
      return try await body()
    } catch {
      diagnostics += Self.diagnostics(of: error)
      return nil
    }
  }

  /// Ends the command if a check has failed.
  func stopIfAny() throws(DiagnosticsError) {
    if diagnostics.contains(where: { $0.rule.severity == .error }) {
      throw DiagnosticsError(diagnostics)
    }
  }

  /// A value that only a failed check leaves out.
  func require<Value>(_ value: Value?) throws(DiagnosticsError) -> Value {
    if let value { return value }
    throw DiagnosticsError(diagnostics)
  }

  /// Any error as diagnostics; one that nobody foresaw is a fault of the program.
  static func diagnostics(of error: any Error) -> [Diagnostic] {
    switch error {
    case let error as DiagnosticsError: error.diagnostics
    case let error as MediaError:
      [Diagnostic(UsageRules.file, "\(error.path): \(error.message)", help: error.help)]
    default:
      [
        Diagnostic(
          UsageRules.fault, "\(error)", help: "this is a fault of the program; please report it")
      ]
    }
  }
}

/// Runs the body of a command and renders the problems it ends with.
///
/// - Parameter body: Returns the warnings and, for JSON, the entries of the result; it writes its
///   text itself.
/// - Throws: The exit status, when it is not 0.
func reporting(
  _ format: ReportFormat,
  _ body: () async throws -> (warnings: [Diagnostic], entries: [(key: String, value: JSONValue)])
) async throws {
  var diagnostics: [Diagnostic] = []
  var entries: [(key: String, value: JSONValue)] = []
  do {
    let result = try await body()
    diagnostics = result.warnings
    entries = result.entries
  } catch {
    diagnostics = Problems.diagnostics(of: error)
  }
  switch format {
  case .json: Console.write(diagnostics.json(with: entries).text() + "\n")
  case .text: if !diagnostics.isEmpty { Console.complain(rendered(diagnostics, descriptor: 2)) }
  }
  let status = diagnostics.exitStatus
  if status != 0 { throw ExitCode(status) }
}

/// Diagnostics as text for a stream.
///
/// - Parameter texts: The texts that ranges refer to, where they are not in the files.
func rendered(
  _ diagnostics: [Diagnostic], descriptor: Int32, texts: [String: String] = [:]
) -> String {
  TextRenderer(color: Console.hasColor(descriptor)) { texts[$0] ?? sourceText($0) }
    .render(diagnostics)
}

/// The text of a file that a range names; nil when it cannot be read.
func sourceText(_ path: String) -> String? {
  if path != "-", CompiledFile.isCompiled(path: path) { return try? CompiledFile(path: path).spec }
  return path == "-"
    ? try? StandardInput.shared.text() : try? readTextFile(path, byteLimit: specByteLimit)
}
