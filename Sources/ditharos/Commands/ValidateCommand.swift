import ArgumentParser
import Compiler
import Diagnostics
import Documents
import ModelSpec

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `ditharos validate`: checks specs.
struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check specs: every mistake with its place, and what to do about it.",
    discussion: """
      Folders are searched for .yaml and .yml files; files in them without the key
      `ditharos` are skipped and counted, hidden files and folders are not looked at.
      Standard input is written `-`.

      Patterns are matched with paths within the folder that is named, and with paths as
      they are named: * is any text within a name, ? a character, ** any folders; one
      without a slash is about names at any depth.

      With --fix, repairs that can only be what was meant are written, and every other
      byte stays as it is; other suggestions are only shown.

        ditharos validate Specs/sora-by-hand.yaml
        ditharos validate models/ --exclude 'models/drafts/**' --fail-on warning
        ditharos validate models/ --format sarif > ditharos.sarif
        ditharos validate models/ --fix --dry-run
        ditharos expand model.yaml | ditharos validate -
      """)

  @Argument(help: "Files and folders; - is standard input.")
  var paths: [String]

  @Option(help: "text, json, sarif, github (annotations) or junit.")
  var format = ValidationFormat.text

  @Option(name: .customLong("fail-on"), help: "error or warning.")
  var failOn = FailOn.error

  @Option(parsing: .unconditionalSingleValue, help: "Check only such files of folders.")
  var include: [String] = []

  @Option(parsing: .unconditionalSingleValue, help: "Leave such files and folders out.")
  var exclude: [String] = []

  @Flag(help: "Repair what has one repair; - prints the repaired text.")
  var fix = false

  @Flag(name: .customLong("dry-run"), help: "With --fix: show the difference, write nothing.")
  var dryRun = false

  enum FailOn: String, CaseIterable, ExpressibleByArgument {
    case error
    case warning
  }

  func run() async throws {
    try checkOptions()
    var search = SpecSearch(include: include, exclude: exclude)
    search.add(paths)
    var result = ValidationResult(reports: search.problems)
    for file in search.files {
      fix ? result.fix(file, isDryRun: dryRun) : result.check(file)
    }
    result.addPolicyProblems()
    if search.isEmpty, result.diagnostics.isEmpty {
      let problem = Diagnostic(
        UsageRules.noSpecs, "there is no spec in \(listed(paths, conjunction: "and"))",
        help: "a spec is a .yaml or .yml file with the key `ditharos`")
      result.reports.append(FileReport(file: paths.first ?? ".", diagnostics: [problem]))
    }
    write(result, search)
    let diagnostics = result.diagnostics
    let status = diagnostics.exitStatus
    if status != 0 { throw ExitCode(status) }
    if failOn == .warning, diagnostics.contains(where: { $0.rule.severity == .warning }) {
      throw ExitCode(FaultKind.spec.exitStatus)
    }
  }

  private func checkOptions() throws(DiagnosticsError) {
    func fail(_ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(UsageRules.option, message, help: help))
    }
    if dryRun, !fix { throw fail("`--dry-run` is about `--fix`", "write `--fix --dry-run`") }
    if fix, !dryRun, paths.contains("-"), paths != ["-"] || format != .text {
      throw fail(
        "`--fix` prints the repaired text of `-`, which leaves no room for anything else",
        "name `-` alone, with `--format text`")
    }
    if let empty = (include + exclude).first(where: { $0.allSatisfy { $0 == "/" || $0 == "." } }) {
      throw fail("the pattern `\(empty)` names nothing", "write one such as 'models/**'")
    }
  }

  private func write(_ result: ValidationResult, _ search: SpecSearch) {
    let folder = FileManager.default.currentDirectoryPath
    switch format {
    case .text:
      // Standard output holds a difference or a repaired text then.
      let isFilter = dryRun || (fix && paths == ["-"])
      Console.write(result.output)
      let text = rendered(result.diagnostics, descriptor: isFilter ? 2 : 1, texts: result.texts)
      if isFilter { Console.show(text) } else { Console.write(text) }
    case .json:
      let entries: [(key: String, value: JSONValue)] = [
        (key: "files", value: .integer(search.files.count)),
        (key: "skipped", value: .integer(search.skippedCount)),
        (key: "excluded", value: .integer(search.excludedCount)),
      ]
      let fixes: [(key: String, value: JSONValue)] = [
        (key: "fixes", value: .array(result.fixes.map { $0.json(isApplied: !dryRun) }))
      ]
      Console.write(
        result.diagnostics.json(with: entries + (fix ? fixes : [])).text() + "\n")
    case .sarif:
      let renderer = SARIFRenderer(version: Ditharos.configuration.version, folder: folder)
      Console.write(renderer.render(result.reports).text() + "\n")
    case .github: Console.write(GitHubRenderer(folder: folder).render(result.reports))
    case .junit:
      let renderer = JUnitRenderer(failsOnWarning: failOn == .warning) { path in
        result.texts[path] ?? sourceText(path)
      }
      Console.write(renderer.render(result.reports))
    }
    if format == .json { return }
    if fix, !dryRun {
      for fixed in result.fixes {
        let place = fixed.primary.map { "\($0): " } ?? ""
        Console.complain(
          "\(place)repaired: wrote `\(fixed.suggestion ?? "")` [\(fixed.rule.id)]")
      }
    }
    Console.complain(summary(result, search))
  }

  private func summary(_ result: ValidationResult, _ search: SpecSearch) -> String {
    func counted(_ count: Int, _ noun: String) -> String {
      "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
    let diagnostics = result.diagnostics
    let warnings = diagnostics.count { $0.rule.severity == .warning }
    var parts = [
      "\(counted(search.files.count, "spec")) checked",
      counted(diagnostics.count - warnings, "error"),
    ]
    if warnings > 0 { parts.append(counted(warnings, "warning")) }
    if fix { parts.append("\(result.fixes.count) \(dryRun ? "can be repaired" : "repaired")") }
    if search.skippedCount > 0 {
      parts.append("\(counted(search.skippedCount, "file")) without `ditharos` skipped")
    }
    if search.excludedCount > 0 { parts.append("\(search.excludedCount) excluded") }
    return parts.joined(separator: ", ")
  }
}

/// The form of a validation's result.
enum ValidationFormat: String, CaseIterable, Sendable, ExpressibleByArgument {
  case text
  case json
  case sarif
  case github
  case junit
}
