import ArgumentParser
import Diagnostics
import Media
import ModelSpec
import Reports

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `ditharos generate`: writes, or compares, everything under `Generated/`.
struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Write, or compare, everything under Generated/.",
    discussion: """
      The JSON Schema and the reference page of specs; the graphs, plans and parameters
      of every spec. Run in a folder that holds Specs/. The bytes are the same on every
      machine, so that a change of the compiler shows in review as a difference. What
      was measured of a model, Generated/NAME/evaluation.json and pictures beside it,
      is left alone.

        ditharos generate
        ditharos generate --check
      """)

  @Flag(help: "Write nothing; fail when a file is missing, extra or different.")
  var check = false

  func run() async throws {
    try await reporting(.text) {
      var files = languageFiles()
      let names = try names(in: "Specs").filter { $0.hasSuffix(".yaml") }
      guard !names.isEmpty else {
        throw DiagnosticsError(
          Diagnostic(
            UsageRules.file, "there is no folder Specs/ with specs here",
            help: "run `generate` in the project's top folder"))
      }
      var problems = Problems()
      for name in names {
        files +=
          await problems.check {
            try generatedFiles(
              of: try load("Specs/\(name)"), name: String(name.dropLast(".yaml".count)))
          } ?? []
      }
      try problems.stopIfAny()
      // The many pages come last, so that a capped list of problems names the others first.
      files += RulePages(commandRules: UsageRules.all).generatedFiles
      let known = Set(files.map(\.path))
      let extra = existing().filter { !known.contains($0) && !isEvaluation($0, specs: names) }
      if check { return (try compare(files, extra), []) }
      for path in extra { try? FileManager.default.removeItem(atPath: path) }
      for file in files {
        let folder = URL(fileURLWithPath: file.path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
        if (try? readBytes(file.path)) != Array(file.text.utf8) {
          Interruption.protect(file.path)
          try writeAtomically(path: file.path, bytes: Array(file.text.utf8))
          Console.complain("wrote \(file.path)")
        }
      }
      Console.complain("\(files.count) files under Generated/ are what the tool writes")
      return ([], [])
    }
  }

  private func compare(_ files: [GeneratedFile], _ extra: [String]) throws -> [Diagnostic] {
    var problems = extra.map {
      Diagnostic(
        UsageRules.stale, "`\($0)` is not written by the tool", help: "run `ditharos generate`")
    }
    for file in files {
      guard let bytes = try? readBytes(file.path) else {
        problems.append(
          Diagnostic(
            UsageRules.stale, "`\(file.path)` is missing", help: "run `ditharos generate`"))
        continue
      }
      if bytes != Array(file.text.utf8) {
        problems.append(
          Diagnostic(
            UsageRules.stale, "`\(file.path)` is not what the tool writes",
            help: "run `ditharos generate`, and say in the commit why it changed"))
      }
    }
    if problems.isEmpty { Console.complain("\(files.count) files under Generated/ are current") }
    return problems
  }

  private func names(in folder: String) throws -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private func existing() -> [String] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: "Generated")) ?? []
    return names.map { "Generated/\($0)" }.filter { !isFolder($0) }.sorted()
  }

  /// Whether a file is `evaluation.json` or a picture beside the files of a spec.
  ///
  /// These were measured of its model, which takes long, and are left alone.
  private func isEvaluation(_ path: String, specs: [String]) -> Bool {
    let parts = path.split(separator: "/")
    guard parts.count == 3, specs.contains("\(parts[1]).yaml") else { return false }
    return parts[2] == "evaluation.json" || parts[2].hasSuffix(".webp")
  }

  private func readBytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
