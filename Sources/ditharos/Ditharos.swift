import ArgumentParser
import Diagnostics
import Documents

/// The command line: arguments in, results out.
@main
struct Ditharos: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ditharos",
    abstract: "Compiles a YAML description of a diffusion transformer and runs it on the CPU.",
    discussion: """
      A spec is a file such as Specs/sora-by-hand.yaml. Try:

        ditharos validate Specs/                     check every spec in a folder
        ditharos plan Specs/dit-xl-2-256.yaml        what it costs, before it runs
        ditharos trace Specs/sora-by-hand.yaml       every number of the worked example
        ditharos run Specs/sora-by-hand.yaml --prompt "Sora is sky" -o sky.webp
        ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 --steps 4 -o dog.png

      Exit status: 0 done; 1 the spec is wrong; 3 a fault of the program; 4 a file, prompt, label,
      tensor, weight or output path cannot be used; 5 only a budget is exceeded; 64 wrong usage;
      130 interrupted.
      """,
    version: "0.1.0",
    subcommands: [
      ValidateCommand.self, ExpandCommand.self, PlanCommand.self, TraceCommand.self,
      RunCommand.self, EvalCommand.self, GenerateCommand.self, DiffCommand.self, InitCommand.self,
    ])

  static func main() async {
    Interruption.shared.install()
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let status as ExitCode {
      Console.exit(status.rawValue)
    } catch {
      finish(error, wantsJSON: wantsJSON(arguments))
    }
  }

  /// Ends with the help or the version asked for, or with what is wrong about the arguments.
  private static func finish(_ error: any Error, wantsJSON: Bool) -> Never {
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      Console.write(text + "\n")
      Console.exit(0)
    }
    if wantsJSON {
      let problem = Diagnostic(
        UsageRules.arguments, message(for: error), help: "see ditharos --help")
      Console.write([problem].json().text() + "\n")
    } else {
      Console.complain(text)
    }
    Console.exit(UsageRules.arguments.kind.exitStatus)
  }

  private static func wantsJSON(_ arguments: [String]) -> Bool {
    arguments.contains("--format=json")
      || zip(arguments, arguments.dropFirst()).contains { $0 == "--format" && $1 == "json" }
  }
}

/// The rules of the command line itself.
enum UsageRules {
  /// Arguments that do not parse.
  static let arguments = Rule(
    "usage.arguments", kind: .usage, summary: "the arguments are those of a command")
  /// An option's value that cannot be.
  static let option = Rule(
    "usage.option", kind: .usage, summary: "an option's value is in its range")
  /// A file that cannot be read or written.
  static let file = Rule(
    "file.media", kind: .input, summary: "pictures and videos can be read and written")
  /// A fault of the program.
  static let fault = Rule(
    "program.fault", kind: .program, summary: "the program has no faults")
  /// Generated files that are not what the tool writes.
  static let stale = Rule(
    "generated.stale", kind: .spec, summary: "Generated/ holds what the tool writes")
}
