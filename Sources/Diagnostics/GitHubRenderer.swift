/// Renders diagnostics as workflow commands, which GitHub Actions shows beside the lines of a
/// change.
///
/// ```
/// ::error file=model.yaml,line=8,endLine=8,col=8,endColumn=9,title=spec.heads-divide-width::heads …
/// ```
/// GitHub shows at most 10 errors and 10 warnings of a step and 50 of a job; its log has all.
///
/// - Source: GitHub Docs, "Workflow commands for GitHub Actions"; the escapes are those of
///   `packages/core/src/command.ts` in actions/toolkit.
package struct GitHubRenderer {
  /// The folder that paths are given relative to.
  private let folder: String
  private static let messageLimit = 4096

  /// A renderer.
  ///
  /// - Parameter folder: The folder that paths are relative to, as an absolute path.
  package init(folder: String) { self.folder = folder }

  /// A line for each diagnostic, in the order of the files and of their texts.
  package func render(_ reports: [FileReport]) -> String {
    var output = ""
    for report in reports {
      for diagnostic in report.diagnostics.inTextOrder {
        output += command(diagnostic, in: report.file) + "\n"
      }
    }
    return output
  }

  private func command(_ diagnostic: Diagnostic, in file: String) -> String {
    var properties = [("file", normalized(path: diagnostic.primary?.file ?? file, in: folder))]
    if let range = diagnostic.primary {
      properties += [("line", "\(range.start.line)"), ("endLine", "\(range.end.line)")]
      // Columns of a stretch over several lines are not shown.
      if range.start.line == range.end.line {
        properties += [("col", "\(range.start.column)"), ("endColumn", "\(range.end.column)")]
      }
    }
    properties.append(("title", diagnostic.rule.id))
    let list = properties.map { "\($0.0)=\(escaped(property: $0.1))" }.joined(separator: ",")
    return "::\(diagnostic.rule.severity.rawValue) \(list)::\(escaped(text(of: diagnostic)))"
  }

  private func text(of diagnostic: Diagnostic) -> String {
    var lines = [diagnostic.message]
    for related in diagnostic.related {
      let place = normalized(path: related.range.file, in: folder)
      lines.append(
        "\(place):\(related.range.start.line):\(related.range.start.column): \(related.message)")
    }
    if let help = diagnostic.help { lines.append("help: \(help)") }
    return cut(lines.joined(separator: "\n"), to: Self.messageLimit)
  }

  private func escaped(_ text: String) -> String {
    var output = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": output += "%25"
      case "\r": output += "%0D"
      case "\n": output += "%0A"
      default: output += scalar == "\t" ? "\t" : visible(scalar)
      }
    }
    return output
  }

  private func escaped(property: String) -> String {
    escaped(property).unicodeScalars.map { scalar in
      switch scalar {
      case ":": "%3A"
      case ",": "%2C"
      default: String(scalar)
      }
    }.joined()
  }
}
