import Compiler
import Diagnostics
import Documents
import Media
import ModelSpec
import Reports

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a validation finds and repairs.
struct ValidationResult {
  /// The problems by file; of repaired files those that are left.
  var reports: [FileReport]
  /// The problems that are repaired, as they were reported.
  private(set) var fixes: [Diagnostic] = []
  /// Differences, or the repaired text of standard input.
  private(set) var output = ""
  /// The texts that the ranges refer to, where they are not in the files.
  private(set) var texts: [String: String] = [:]

  private static let rules = RulePages(commandRules: UsageRules.all).rules
  private var policies = PolicyFiles(rules: ValidationResult.rules)

  /// The problems that are known before any file is checked.
  init(reports: [FileReport]) { self.reports = reports }

  /// All problems, by file.
  var diagnostics: [Diagnostic] { reports.flatMap { $0.diagnostics.inTextOrder } }

  /// Adds what is wrong with the policies of the files checked.
  mutating func addPolicyProblems() {
    for problem in policies.problems {
      let file = problem.primary?.file ?? PolicyFiles.name
      reports.append(FileReport(file: file, diagnostics: [problem]))
    }
  }

  /// Checks a file.
  mutating func check(_ file: String) {
    let diagnostics: [Diagnostic]
    do throws(DiagnosticsError) {
      let policy = policies.policy(ofSpec: file)
      diagnostics = Self.problems(of: try text(of: file), file: file, policy)
    } catch {
      diagnostics = error.diagnostics
    }
    reports.append(FileReport(file: file, diagnostics: diagnostics))
  }

  /// Checks a file and applies its safe fixes.
  ///
  /// - Parameter isDryRun: Whether the file stays as it is and the difference is shown.
  mutating func fix(_ file: String, isDryRun: Bool) {
    let original: String
    do throws(DiagnosticsError) {
      original = try text(of: file)
    } catch {
      reports.append(FileReport(file: file, diagnostics: error.diagnostics))
      return
    }
    let policy = policies.policy(ofSpec: file)
    let diagnostics = Self.problems(of: original, file: file, policy)
    let fixed = applySafeFixes(to: original, file: file, diagnostics: diagnostics) {
      Self.problems(of: $0, file: file, policy)
    }
    var report = FileReport(file: file, diagnostics: isDryRun ? diagnostics : fixed.remaining)
    if isDryRun {
      output += unifiedDiff(path: file, from: original, to: fixed.text)
    } else if file == "-" {
      output = fixed.text
      texts[file] = fixed.text
    } else if !fixed.applied.isEmpty {
      do throws(MediaError) {
        try Self.replace(file, by: fixed.text)
      } catch {
        report.diagnostics = diagnostics + Problems.diagnostics(of: error)
        reports.append(report)
        return
      }
    }
    fixes += fixed.applied
    reports.append(report)
  }

  private func text(of file: String) throws(DiagnosticsError) -> String {
    file == "-"
      ? try StandardInput.shared.text() : try readTextFile(file, byteLimit: specByteLimit)
  }

  /// The problems of a spec as its policy and its comments want them.
  private static func problems(
    of text: String, file: String, _ policy: RulePolicy
  ) -> [Diagnostic] {
    policy.applied(to: problems(of: text, file: file), file: file, rules: rules) {
      $0 == file ? text : try? readTextFile($0, byteLimit: specByteLimit)
    }
  }

  /// The problems of a spec; with budgets, those of its plan too.
  private static func problems(of text: String, file: String) -> [Diagnostic] {
    var found: [Diagnostic] = []
    do throws(DiagnosticsError) {
      let folder = folder(of: file)
      let loaded = try loadSpec(text: text, file: file, folder: folder)
      found = loaded.warnings + loaded.weightsFileProblems(folder: folder)
      guard loaded.spec.limits != nil else { return found }
      return found + (try ModelCompiler(loaded).exceededBudgets())
    } catch {
      return found + error.diagnostics
    }
  }

  /// Replaces the text of a file, or of the file that a link leads to; its permissions stay.
  private static func replace(_ file: String, by text: String) throws(MediaError) {
    let resolved = realpath(file, nil)
    defer { free(resolved) }
    let path = resolved.map { String(cString: $0) } ?? file
    var status = stat()
    // Renaming could replace a file that is not to be written.
    guard access(path, W_OK) == 0, stat(path, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      throw MediaError(path: file, message: "cannot be written: \(reason)")
    }
    Interruption.protect(path)
    try writeAtomically(path: path, bytes: Array(text.utf8))
    chmod(path, status.st_mode & 0o7777)
  }
}

extension Diagnostic {
  /// The diagnostic as a fix that machines read, with whether it is applied.
  func json(isApplied: Bool) -> JSONValue {
    guard case .object(let entries) = json else { return json }
    return .object(entries + [(key: "applied", value: .bool(isApplied))])
  }
}
