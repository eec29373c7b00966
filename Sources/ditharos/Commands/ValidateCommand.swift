import ArgumentParser
import Compiler
import Diagnostics
import Documents
import Foundation
import ModelSpec
import Reports

/// `ditharos validate`: checks specs.
struct ValidateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check specs: every mistake with its place, and what to do about it.",
    discussion: """
      Folders are searched for .yaml and .yml files; files in them without the key
      `ditharos` are skipped and counted. `-` is standard input.

        ditharos validate Specs/sora-by-hand.yaml
        ditharos validate models/ --format json
        ditharos expand model.yaml | ditharos validate -
      """)

  @Argument(help: "Files and folders; - is standard input.")
  var paths: [String]

  @Option(help: "text or json.")
  var format = ReportFormat.text

  @Option(name: .customLong("fail-on"), help: "error or warning.")
  var failOn = FailOn.error

  enum FailOn: String, CaseIterable, ExpressibleByArgument {
    case error
    case warning
  }

  func run() async throws {
    var search = SpecSearch()
    search.add(paths)
    var diagnostics = search.problems
    let rules = RulePages(commandRules: UsageRules.all).rules
    var policies = PolicyFiles(rules: rules)
    for file in search.files {
      diagnostics += policies.policy(ofSpec: file).applied(
        to: Self.check(file), file: file, rules: rules, text: Self.text(of:))
    }
    diagnostics += policies.problems
    if search.files.isEmpty, diagnostics.isEmpty {
      diagnostics.append(
        Diagnostic(
          UsageRules.noSpecs, "there is no spec in \(listed(paths, conjunction: "and"))",
          help: "a spec is a .yaml or .yml file with the key `ditharos`"))
    }
    let status = diagnostics.exitStatus
    let warnings = diagnostics.count { $0.rule.severity == .warning }
    switch format {
    case .json:
      let entries: [(key: String, value: JSONValue)] = [
        (key: "files", value: .integer(search.files.count)),
        (key: "skipped", value: .integer(search.skippedCount)),
      ]
      Console.write(diagnostics.json(with: entries).text() + "\n")
    case .text:
      if !diagnostics.isEmpty { Console.write(rendered(diagnostics, descriptor: 1)) }
      Console.complain(summary(search, errors: diagnostics.count - warnings, warnings: warnings))
    }
    if status != 0 { throw ExitCode(status) }
    if failOn == .warning, warnings > 0 { throw ExitCode(FaultKind.spec.exitStatus) }
  }

  /// The problems of one spec; with budgets, those of its plan too.
  private static func check(_ file: String) -> [Diagnostic] {
    do throws(DiagnosticsError) {
      let loaded = try load(file)
      let problems = loaded.warnings + loaded.weightsFileProblems(folder: folder(of: file))
      guard loaded.spec.limits != nil else { return problems }
      return problems + (try ModelCompiler(loaded).exceededBudgets())
    } catch {
      return error.diagnostics
    }
  }

  /// The text of a file that was checked.
  private static func text(of file: String) -> String? {
    file == "-"
      ? try? StandardInput.shared.text() : try? readTextFile(file, byteLimit: specByteLimit)
  }

  private func summary(_ search: SpecSearch, errors: Int, warnings: Int) -> String {
    func counted(_ count: Int, _ noun: String) -> String {
      "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
    var parts = ["\(counted(search.files.count, "spec")) checked", counted(errors, "error")]
    if warnings > 0 { parts.append(counted(warnings, "warning")) }
    if search.skippedCount > 0 {
      parts.append("\(counted(search.skippedCount, "file")) without `ditharos` skipped")
    }
    return parts.joined(separator: ", ")
  }
}

/// The specs that paths name.
private struct SpecSearch {
  private(set) var files: [String] = []
  private(set) var problems: [Diagnostic] = []
  private(set) var skippedCount = 0

  mutating func add(_ paths: [String]) {
    for path in paths {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if exists, isFolder.boolValue { addFolder(path) } else { files.append(path) }
    }
  }

  private mutating func addFolder(_ folder: String) {
    // A link to a folder would be taken for a file.
    let target = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    guard access(target, R_OK | X_OK) == 0,
      let names = FileManager.default.enumerator(atPath: target)
    else {
      problems.append(
        Diagnostic(
          UsageRules.file, "the folder `\(folder)` cannot be read",
          help: "check its permissions"))
      return
    }
    let found = names.compactMap { $0 as? String }
      .filter { ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !isHidden($0) }.sorted()
    for name in found {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      if isSpec(path) { files.append(path) } else { skippedCount += 1 }
    }
  }

  /// Whether a path leads through hidden folders, such as those of tools.
  private func isHidden(_ path: String) -> Bool {
    path.split(separator: "/").contains { $0.hasPrefix(".") }
  }

  /// Whether a file has the key `ditharos`; one that cannot be read is reported as a spec.
  private func isSpec(_ path: String) -> Bool {
    guard let text = try? readTextFile(path, byteLimit: specByteLimit) else { return true }
    return text.split(whereSeparator: \.isNewline).contains {
      $0.hasPrefix("ditharos:") || $0.hasPrefix("{ditharos:") || $0.hasPrefix("\"ditharos\":")
    }
  }
}
