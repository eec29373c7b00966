/// The problems of one checked file.
package struct FileReport: Sendable {
  /// The file as the user named it; `-` is standard input.
  package var file: String
  /// Its problems; those without a place are about the file as a whole.
  package var diagnostics: [Diagnostic]

  /// A report.
  package init(file: String, diagnostics: [Diagnostic]) {
    self.file = file
    self.diagnostics = diagnostics
  }
}

/// A path as services that know a repository read it: without `.` and `..`, and relative to a
/// folder if it leads into it, else absolute.
///
/// - Parameters:
///   - path: A path, absolute or relative to the folder; `-` stays.
///   - folder: An absolute path.
package func normalized(path: String, in folder: String) -> String {
  if path == "-" { return path }
  let base = folder.split(separator: "/")
  var parts = path.hasPrefix("/") ? [] : base
  for part in path.split(separator: "/") where part != "." {
    if part == ".." { _ = parts.popLast() } else { parts.append(part) }
  }
  if parts.count > base.count, parts.starts(with: base) {
    return parts.dropFirst(base.count).joined(separator: "/")
  }
  return "/" + parts.joined(separator: "/")
}

/// The first scalars of a text, with an ellipsis in place of what is cut.
package func cut(_ text: String, to limit: Int) -> String {
  guard text.unicodeScalars.count > limit else { return text }
  return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit - 1))) + "…"
}
