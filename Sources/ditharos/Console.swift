import ArgumentParser
import Diagnostics
import Documents
import Foundation
import Media

/// Standard output and standard error.
enum Console {
  /// Writes a result to standard output; a closed pipe ends the program quietly.
  static func write(_ text: String) { write(text, to: 1) }

  /// Writes progress or a complaint to standard error.
  static func complain(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n", to: 2) }

  /// Writes to standard error without ending the line.
  static func show(_ text: String) { write(text, to: 2) }

  /// Whether a stream is a terminal where colour is welcome.
  static func hasColor(_ descriptor: Int32) -> Bool {
    isTerminal(descriptor) && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Whether a stream is a terminal.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Ends the program.
  static func exit(_ status: Int32) -> Never { Foundation.exit(status) }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        // The reader has gone: there is nobody left to tell.
        _exit(0)
      }
      bytes = bytes.dropFirst(count)
    }
  }
}

/// The form of a command's result.
enum ReportFormat: String, CaseIterable, Sendable {
  case text
  case json
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
  } catch let error as DiagnosticsError {
    diagnostics = error.diagnostics
  } catch let error as MediaError {
    diagnostics = [Diagnostic(UsageRules.file, error.description, help: error.help)]
  } catch {
    diagnostics = [
      Diagnostic(
        UsageRules.fault, "\(error)", help: "this is a fault of the program; please report it")
    ]
  }
  switch format {
  case .json: Console.write(diagnostics.json(with: entries).text() + "\n")
  case .text: if !diagnostics.isEmpty { Console.complain(rendered(diagnostics, descriptor: 2)) }
  }
  let status = diagnostics.exitStatus
  if status != 0 { throw ExitStatus(status) }
}

/// Diagnostics as text for a stream.
func rendered(_ diagnostics: [Diagnostic], descriptor: Int32) -> String {
  TextRenderer(color: Console.hasColor(descriptor)) { path in
    path == "-" ? StandardInput.shared.text : try? readTextFile(path, byteLimit: 1 << 20)
  }.render(diagnostics)
}
