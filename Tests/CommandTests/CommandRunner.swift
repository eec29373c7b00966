import Foundation
import Testing

/// What a run of the program left.
struct CommandResult: Sendable {
  /// The exit status; 256 and more is the signal that ended it, plus 256.
  var status: Int32
  /// Standard output.
  var output: String
  /// Standard error.
  var complaints: String

  /// Standard output as a JSON object.
  func json() throws -> JSON { try JSON(output) }
}

/// The folder of the project's sources.
let projectFolder = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// The path of a shipped spec.
func shipped(_ name: String) -> String { "\(projectFolder)/Specs/\(name).yaml" }

/// The built program, which stands beside the program of the tests.
private let program: String = {
  let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/ditharos"
}()

/// A program that is running, its streams in files.
final class RunningCommand {
  private let process = Process()
  private let folder: String
  private let ended = DispatchSemaphore(value: 0)

  /// Starts the program in a folder.
  ///
  /// - Parameter fileBlockLimit: The most blocks of 512 bytes of a file that it may write.
  init(
    _ arguments: [String], folder: String, input: Data = Data(),
    environment: [String: String] = [:], terminal: FileHandle? = nil, fileBlockLimit: Int? = nil
  ) throws {
    let streams = try temporaryFolder()
    self.folder = streams
    for (name, data) in [("in", input), ("out", Data()), ("err", Data())] {
      try data.write(to: URL(fileURLWithPath: "\(streams)/\(name)"))
    }
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    if let fileBlockLimit {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        ["-c", "ulimit -f \(fileBlockLimit); exec \"$0\" \"$@\"", program] + arguments
    }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    var inherited = ProcessInfo.processInfo.environment
    inherited["NO_COLOR"] = nil
    process.environment = inherited.merging(environment) { _, new in new }
    let handles = [
      FileHandle(forReadingAtPath: "\(streams)/in"),
      FileHandle(forWritingAtPath: "\(streams)/out"),
      FileHandle(forWritingAtPath: "\(streams)/err"),
    ]
    // With some 1,350 files open, Foundation reads beyond the list of them when it starts a program.
    defer { for handle in handles { try? handle?.close() } }
    process.standardInput = handles[0]
    process.standardOutput = terminal ?? handles[1]
    process.standardError = terminal ?? handles[2]
    let ended = ended
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
  }

  /// What standard error holds so far.
  var complaints: String { text("err") }

  /// The number of the process.
  var number: Int32 { process.processIdentifier }

  /// Whether it has not ended.
  var isRunning: Bool { process.isRunning }

  /// Sends a signal.
  func send(_ signal: Int32) { kill(number, signal) }

  /// Waits for the end, at most for a minute.
  func result() throws -> CommandResult {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    if ended.wait(timeout: .now() + 60) == .timedOut {
      send(SIGKILL)
      Issue.record("the program did not end in a minute")
    }
    let isSignal = process.terminationReason == .uncaughtSignal
    return CommandResult(
      status: process.terminationStatus + (isSignal ? 256 : 0), output: text("out"),
      complaints: text("err"))
  }

  private func text(_ name: String) -> String {
    String(
      decoding: (try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))) ?? Data(),
      as: UTF8.self)
  }
}

/// Runs the program to its end.
func ditharos(
  _ arguments: String..., in folder: String = "/", input: String = "",
  environment: [String: String] = [:]
) throws -> CommandResult {
  try RunningCommand(
    arguments, folder: folder, input: Data(input.utf8), environment: environment
  ).result()
}

/// A new folder under the system's temporary folder.
func temporaryFolder() throws -> String {
  var template = Array("/tmp/command-tests-XXXXXX".utf8CString)
  try #require(mkdtemp(&template) != nil)
  return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A folder for one test, removed at its end.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = try temporaryFolder()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

extension String {
  /// Writes the text to a file.
  func write(to path: String) throws { try Data(utf8).write(to: URL(fileURLWithPath: path)) }
}

/// The bytes of a file.
func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

/// The names in a folder, hidden ones included.
func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// Arguments that `run` refuses, and words of what it says.
struct RunRefusal: Sendable, CustomTestStringConvertible {
  var arguments: [String]
  var status: Int32 = 4
  var words: [String]
  var testDescription: String { arguments.joined(separator: " ") }
}
