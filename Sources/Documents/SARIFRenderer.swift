import Diagnostics

/// Renders diagnostics as a SARIF 2.1.0 log, within the limits of GitHub's code scanning.
///
/// Of more than 25,000 results, errors come first and the rest is counted in a notification.
/// GitHub shows 5,000 of a run.
///
/// - Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata
///   01"; GitHub Docs, "SARIF support for code scanning".
package struct SARIFRenderer {
  /// The version of the program.
  private let version: String
  /// The folder that paths are given relative to.
  private let folder: String
  private let resultLimit: Int
  private static let relatedLimit = 100
  private static let textLimit = 1024
  private static let schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

  /// A renderer.
  ///
  /// - Parameters:
  ///   - version: The version of the program, as in `1.2.3`.
  ///   - folder: The folder that paths are relative to, as an absolute path: the repository's.
  package init(version: String, folder: String, resultLimit: Int = 25_000) {
    self.version = version
    self.folder = folder
    self.resultLimit = resultLimit
  }

  /// One run with the results of all files, in the order of the files and of their texts.
  package func render(_ reports: [FileReport]) -> JSONValue {
    var found = reports.flatMap { report in
      report.diagnostics.inTextOrder.map { (file: report.file, diagnostic: $0) }
    }
    let count = found.count
    if count > resultLimit {
      let errors = found.filter { $0.diagnostic.rule.severity == .error }
      let warnings = found.filter { $0.diagnostic.rule.severity == .warning }
      found = Array((errors + warnings).prefix(resultLimit))
    }
    var rules: [String: Rule] = [:]
    for (_, diagnostic) in found { rules[diagnostic.rule.id] = diagnostic.rule }
    let ordered = rules.values.sorted { $0.id < $1.id }
    let indices = Dictionary(
      uniqueKeysWithValues: ordered.enumerated().map { ($1.id, $0) })
    var fingerprints = Fingerprints()
    let results = found.map { file, diagnostic in
      result(diagnostic, in: file, ruleIndex: indices[diagnostic.rule.id] ?? 0, &fingerprints)
    }
    let driver: JSONValue = .object([
      ("name", .string("ditharos")), ("version", .string(version)),
      ("semanticVersion", .string(version)), ("rules", .array(ordered.map(descriptor))),
    ])
    let run: JSONValue = .object([
      ("tool", .object([("driver", driver)])),
      ("invocations", .array([invocation(found.map(\.diagnostic), cutCount: count - found.count)])),
      ("columnKind", .string("unicodeCodePoints")), ("results", .array(results)),
    ])
    return .object([
      ("$schema", .string(Self.schema)), ("version", .string("2.1.0")), ("runs", .array([run])),
    ])
  }

  private func invocation(_ diagnostics: [Diagnostic], cutCount: Int) -> JSONValue {
    let isFault = diagnostics.contains { $0.rule.kind == .program }
    var entries: [(key: String, value: JSONValue)] = [("executionSuccessful", .bool(!isFault))]
    if cutCount > 0 {
      let text = "\(cutCount) more results are left out: a run holds at most \(resultLimit)"
      entries.append(
        (
          "toolExecutionNotifications",
          .array([.object([("level", .string("warning")), ("message", message(text))])])
        ))
    }
    return .object(entries)
  }

  private func descriptor(of rule: Rule) -> JSONValue {
    .object([
      ("id", .string(rule.id)), ("shortDescription", message(rule.summary)),
      ("fullDescription", message(rule.summary)),
      ("help", message("Run `ditharos explain \(rule.id)` for an example and its repair.")),
      ("defaultConfiguration", .object([("level", .string(rule.severity.rawValue))])),
      (
        "properties",
        .object([
          ("problem.severity", .string(rule.severity.rawValue)),
          ("tags", .array([.string(rule.kind.rawValue)])),
        ])
      ),
    ])
  }

  private func result(
    _ diagnostic: Diagnostic, in file: String, ruleIndex: Int, _ fingerprints: inout Fingerprints
  ) -> JSONValue {
    let help = diagnostic.help.map { "\nhelp: \($0)" } ?? ""
    let place = physicalLocation(diagnostic.primary, in: file)
    let fingerprint = fingerprints.next(
      normalized(path: diagnostic.primary?.file ?? file, in: folder), diagnostic)
    var entries: [(key: String, value: JSONValue)] = [
      ("ruleId", .string(diagnostic.rule.id)), ("ruleIndex", .integer(ruleIndex)),
      ("level", .string(diagnostic.rule.severity.rawValue)),
      ("message", message(diagnostic.message + help)),
      ("locations", .array([.object([("physicalLocation", place)])])),
    ]
    if !diagnostic.related.isEmpty {
      let places = diagnostic.related.prefix(Self.relatedLimit).enumerated()
      let related = places.map { index, related in
        JSONValue.object([
          ("id", .integer(index + 1)),
          ("physicalLocation", physicalLocation(related.range, in: file)),
          ("message", message(related.message)),
        ])
      }
      entries.append(("relatedLocations", .array(related)))
    }
    entries.append(
      ("partialFingerprints", .object([("ditharosProblem/v1", .string(fingerprint))])))
    if let fix = diagnostic.fix { entries.append(("fixes", .array([sarif(fix)]))) }
    if let path = diagnostic.path {
      entries.append(("properties", .object([("path", .string(path))])))
    }
    return .object(entries)
  }

  private func sarif(_ fix: Fix) -> JSONValue {
    let replacement: JSONValue = .object([
      ("deletedRegion", region(fix.range)),
      ("insertedContent", .object([("text", .string(fix.replacement))])),
    ])
    let change: JSONValue = .object([
      ("artifactLocation", artifactLocation(fix.range.file)),
      ("replacements", .array([replacement])),
    ])
    return .object([
      ("description", message("write `\(fix.replacement)`")), ("artifactChanges", .array([change])),
      ("properties", .object([("safe", .bool(fix.isSafe))])),
    ])
  }

  /// A place; without one the first line of the file, because GitHub requires a line.
  private func physicalLocation(_ range: SourceRange?, in file: String) -> JSONValue {
    .object([
      ("artifactLocation", artifactLocation(range?.file ?? file)),
      ("region", range.map(region) ?? .object([("startLine", .integer(1))])),
    ])
  }

  private func region(_ range: SourceRange) -> JSONValue {
    .object([
      ("startLine", .integer(range.start.line)), ("startColumn", .integer(range.start.column)),
      ("endLine", .integer(range.end.line)), ("endColumn", .integer(range.end.column)),
    ])
  }

  private func artifactLocation(_ file: String) -> JSONValue {
    let path = normalized(path: file, in: folder)
    if path.hasPrefix("/") { return .object([("uri", .string("file://" + percentEncoded(path)))]) }
    return .object([
      ("uri", .string(percentEncoded(path))), ("uriBaseId", .string("%SRCROOT%")),
    ])
  }

  private func message(_ text: String) -> JSONValue {
    .object([("text", .string(cut(text, to: Self.textLimit)))])
  }
}

/// A path with everything encoded that RFC 3986 reserves, but slashes.
private func percentEncoded(_ path: String) -> String {
  let digits = Array("0123456789ABCDEF")
  var output = ""
  for byte in path.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      output.unicodeScalars.append(Unicode.Scalar(byte))
    default: output += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
  }
  return output
}

/// Identities of problems that survive changes elsewhere in their file: of equal ones, the number
/// counts up.
private struct Fingerprints {
  private var counts: [UInt64: Int] = [:]

  /// The fingerprint of a problem of a file, by its rule and its place in the spec.
  mutating func next(_ file: String, _ diagnostic: Diagnostic) -> String {
    // FNV-1a, 64 bits.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let place = diagnostic.path ?? diagnostic.message
    for byte in "\(file)\n\(diagnostic.rule.id)\n\(place)".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    let number = counts[hash, default: 0] + 1
    counts[hash] = number
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits + ":\(number)"
  }
}
