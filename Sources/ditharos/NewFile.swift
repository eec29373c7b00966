import Diagnostics
import Media

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension UsageRules {
  /// A file that is in the way.
  static let exists = Rule(
    "file.exists", kind: .input,
    summary: "A spec that exists is replaced only with --force.",
    explanation: """
      `init` and `import` write a new spec. What stands at the path already may be edited by hand
      and is left as it is.
      """,
    failing: "ditharos init -o model.yaml",
    fixed: "ditharos init -o other.yaml")
}

/// Fails where a new file cannot be written to a path.
///
/// - Parameter force: Whether it may replace another.
/// - Throws: Rule `file.exists`; `MediaError` where nothing can be written.
func checkNewFile(path: String, force: Bool) throws {
  try checkWritable(path: path)
  // A link that leads nowhere is something as well.
  var status = stat()
  if !force, lstat(path, &status) == 0 {
    throw DiagnosticsError(
      Diagnostic(
        UsageRules.exists, "`\(path)` exists", help: "choose another name, or add --force"))
  }
}
