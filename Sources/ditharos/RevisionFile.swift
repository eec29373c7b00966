import Diagnostics
import Documents
import ModelSpec
import Subprocess

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file as it stood in a revision of git: `REVISION:PATH`.
struct RevisionFile {
  /// The rules of revisions.
  enum Rules {
    /// A revision or a file in it that cannot be read.
    static let revision = Rule(
      "file.revision", kind: .input, summary: "git has the revision and the file in it")
  }

  /// The argument as the user wrote it.
  private let argument: String
  /// What git calls the revision; empty for the index.
  private let revision: String
  private let path: String

  /// The file of an argument with a colon; nil for one without, and where a file of that name
  /// exists.
  init?(_ argument: String) {
    guard let colon = argument.firstIndex(of: ":"),
      access(argument, F_OK) != 0
    else { return nil }
    self.argument = argument
    revision = String(argument[..<colon])
    path = String(argument[argument.index(after: colon)...])
  }

  /// Reads and validates the spec.
  ///
  /// - Throws: Rule `file.revision` where git, the revision or the file is missing; what `loadSpec`
  ///   throws, and its refusal of components, which stand in other files.
  func load() async throws(DiagnosticsError) -> LoadedSpec {
    let text = try await text()
    do throws(DiagnosticsError) {
      return try loadSpec(text: text, file: argument, folder: nil)
    } catch {
      throw DiagnosticsError(
        error.diagnostics.map { diagnostic in
          guard diagnostic.rule == SpecRules.component else { return diagnostic }
          var result = diagnostic
          result.message = "a spec in a revision cannot take a component from another file"
          result.help =
            "check the revision out, as with `git worktree add ../before "
            + (revision.isEmpty ? "HEAD" : revision) + "`, and compare the files"
          return result
        })
    }
  }

  private func text() async throws(DiagnosticsError) -> String {
    // What begins with a dash would be an option of git.
    guard !revision.hasPrefix("-"), !path.isEmpty else {
      throw failure(
        path.isEmpty ? "names no file" : "names a revision that begins with a dash",
        help: "write a revision, a colon and a path, as in HEAD~1:Specs/dit-s-2.yaml")
    }
    if !revision.isEmpty {
      let check = try await git(["rev-parse", "--verify", "--quiet", revision + "^{tree}"])
      if !check.isSuccess {
        throw failure(
          check.complaint ?? "names no revision: git does not know `\(revision)`",
          help: "there is no file of that name either; `git log --oneline` lists revisions")
      }
    }
    let file = try await git(["cat-file", "blob", "\(revision):\(path)"])
    guard file.isSuccess else {
      throw failure(
        file.complaint ?? "cannot be read by git",
        help: "paths count from the top of the repository, or from here with `./` before them")
    }
    guard let text = String(validating: file.output, as: UTF8.self) else {
      throw DiagnosticsError(
        Diagnostic(
          DocumentRules.encoding, "`\(argument)` is not UTF-8 text",
          help: "save the file as UTF-8"))
    }
    return text
  }

  private func failure(_ reason: String, help: String?) -> DiagnosticsError {
    DiagnosticsError(Diagnostic(Rules.revision, "`\(argument)` \(reason)", help: help))
  }

  /// Runs git, without a shell.
  private func git(
    _ arguments: [String]
  ) async throws(DiagnosticsError) -> (isSuccess: Bool, output: [UInt8], complaint: String?) {
    let limit = DocumentLimits.spec.byteCount
    do {
      let result = try await run(
        .name("git"), arguments: Arguments(arguments), input: .none, output: .bytes(limit: limit),
        error: .bytes(limit: limit))
      return (
        result.terminationStatus.isSuccess, result.standardOutput,
        Self.reason(String(decoding: result.standardError, as: UTF8.self))
      )
    } catch let error as SubprocessError where error.code == .outputLimitExceeded {
      throw failure("has more than \(limit) bytes", help: nil)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw failure("needs git, which is not on PATH", help: "install git, or name two files")
    } catch {
      throw failure("needs git, which cannot be started", help: "install git, or name two files")
    }
  }

  /// The first line of a complaint of git as the end of a sentence; nil without one.
  private static func reason(_ complaint: String) -> String? {
    guard let line = complaint.split(whereSeparator: \.isNewline).first else { return nil }
    let text = line.hasPrefix("fatal: ") ? line.dropFirst("fatal: ".count) : line
    return "cannot be read: " + text
  }
}
