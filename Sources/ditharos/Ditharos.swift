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

        ditharos trace Specs/sora-by-hand.yaml      every number of the worked example
        ditharos run Specs/sora-by-hand.yaml --prompt "Sora is sky" -o sky.webp
        ditharos plan Specs/dit-xl-2-256.yaml       what it costs, before it runs
        ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 \
          --steps 4 -o dog.png
        ditharos expand Specs/dit-s-2.yaml          every key, with its default
        ditharos validate models/ --format json     every mistake, with its place

      Completions: ditharos --generate-completion-script bash (or zsh, fish).

      Exit status: 0 done; 1 the spec is wrong; 3 a fault of the program; 4 a file,
      prompt, label, tensor, weight or output path cannot be used; 5 only a budget is
      exceeded; 64 wrong usage; 130 interrupted.
      """,
    version: "0.1.0",
    subcommands: [
      ValidateCommand.self, ExplainCommand.self, SchemaCommand.self, ExpandCommand.self,
      PlanCommand.self,
      TraceCommand.self, RunCommand.self, EvalCommand.self, TrainCommand.self,
      CompileCommand.self,
      BenchCommand.self, GenerateCommand.self, DiffCommand.self, InitCommand.self,
      ImportCommand.self,
    ])

  static func main() async {
    ProcessClock.begin()
    Interruption.install()
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      try checkCommand(arguments.first)
      var command = try parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let status as ExitCode {
      Console.exit(status.rawValue)
    } catch let error as DiagnosticsError {
      complain(error.diagnostics, wantsJSON: wantsJSON(arguments))
    } catch {
      finish(error, arguments)
    }
  }

  /// Refuses a command that does not exist, and names the nearest that does.
  private static func checkCommand(_ word: String?) throws(DiagnosticsError) {
    let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard let word, !word.hasPrefix("-"), !names.contains(word) else { return }
    let nearest = nearestName(to: word, among: names)
    throw DiagnosticsError(
      Diagnostic(
        UsageRules.arguments,
        "there is no command `\(word)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
        help: "the commands are \(listed(names, conjunction: "and"))", suggestion: nearest))
  }

  /// Ends with problems of the arguments.
  private static func complain(_ problems: [Diagnostic], wantsJSON: Bool) -> Never {
    if wantsJSON {
      Console.write(problems.json().text() + "\n")
    } else {
      Console.complain(rendered(problems, descriptor: 2))
    }
    Console.exit(problems.exitStatus)
  }

  /// Ends with the help or the version asked for, or with what is wrong about the arguments.
  private static func finish(_ error: any Error, _ arguments: [String]) -> Never {
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      Console.write(text + "\n")
      Console.exit(0)
    }
    let wantsJSON = wantsJSON(arguments)
    if !wantsJSON {
      Console.complain(text)
      Console.exit(UsageRules.arguments.kind.exitStatus)
    }
    let message = message(for: error)
    let command = arguments.first { !$0.hasPrefix("-") }
    complain(
      [
        Diagnostic(
          UsageRules.arguments, message.prefix(1).lowercased() + message.dropFirst(),
          help: "see ditharos \(command.map { "\($0) " } ?? "")--help")
      ], wantsJSON: true)
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
    "usage.arguments", kind: .usage,
    summary: "The arguments are those of a command.",
    explanation: """
      An option that is misspelled, or a value that is missing, is refused before anything is
      done. `--help` after a command lists its options with examples.
      """,
    failing: "ditharos plan model.yaml --stpes 20",
    fixed: "ditharos plan model.yaml --steps 20")
  /// An option's value that cannot be.
  static let option = Rule(
    "usage.option", kind: .usage,
    summary: "An option's value is in its range.",
    explanation: "Each option states its range in `--help`.",
    failing: "ditharos run model.yaml --threads 0",
    fixed: "ditharos run model.yaml --threads 2")
  /// A file that cannot be read or written.
  static let file = Rule(
    "file.media", kind: .input,
    summary: "Pictures and videos can be read and written.",
    explanation: """
      Pictures are read and written as PNG and WebP; other formats need the `ffmpeg` program. A
      folder must exist, and a damaged file is refused.
      """,
    failing: "ditharos run model.yaml -o missing/sky.png",
    fixed: "ditharos run model.yaml -o sky.png")
  /// Folders without a spec.
  static let noSpecs = Rule(
    "validate.no-specs", severity: .warning, kind: .input,
    summary: "There is a spec where specs are to be checked.",
    explanation: """
      A check that finds nothing to check passes by mistake: a folder was renamed, or a pattern
      excludes everything.
      """,
    failing: "ditharos validate modles/",
    fixed: "ditharos validate models/")
  /// A fault of the program.
  static let fault = Rule(
    "program.fault", kind: .program,
    summary: "The program has no faults.",
    explanation: """
      Whatever the input, this should not happen. A report with the command and the spec helps
      to repair it.
      """)
  /// Generated files that are not what the tool writes.
  static let stale = Rule(
    "generated.stale", kind: .spec,
    summary: "Generated/ holds what the tool writes.",
    explanation: """
      The files under Generated/ are committed, so that a change of the compiler shows in review
      as a difference. They are written by the tool alone.
      """,
    failing: "ditharos generate --check",
    fixed: "ditharos generate")

  /// All of them.
  static let all = [
    arguments, option, file, exists, noSpecs, fault, stale,
  ]
}
