import Diagnostics

extension Diagnostic {
  /// The diagnostic as machines read it: `rule`, `severity`, `message`, `help`, `primary`,
  /// `related`, `path`, `suggestion`, `suggestion_is_safe`; what is missing is null.
  package var json: JSONValue {
    .object([
      ("rule", .string(rule.id)),
      ("severity", .string(rule.severity.rawValue)),
      ("message", .string(message)),
      ("help", help.map(JSONValue.string) ?? .null),
      ("primary", primary.map { .object($0.jsonEntries) } ?? .null),
      (
        "related",
        .array(
          related.map { .object([("message", .string($0.message))] + $0.range.jsonEntries) })
      ),
      ("path", path.map(JSONValue.string) ?? .null),
      ("suggestion", suggestion.map(JSONValue.string) ?? .null),
      ("suggestion_is_safe", suggestion.map { _ in .bool(isSafe) } ?? .null),
    ])
  }
}

extension SourceRange {
  fileprivate var jsonEntries: [(key: String, value: JSONValue)] {
    [
      ("file", .string(file)), ("line", .integer(start.line)), ("column", .integer(start.column)),
      ("end_line", .integer(end.line)), ("end_column", .integer(end.column)),
    ]
  }
}

extension Sequence where Element == Diagnostic {
  /// All of them in text order under `diagnostics`, with `format_version`; further entries follow.
  package func json(with entries: [(key: String, value: JSONValue)] = []) -> JSONValue {
    .object(
      [("format_version", .string("1.0")), ("diagnostics", .array(inTextOrder.map(\.json)))]
        + entries)
  }
}
