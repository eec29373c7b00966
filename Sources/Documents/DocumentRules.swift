import Diagnostics

/// The rules of YAML and JSON texts and of the files that hold them.
package enum DocumentRules {
  /// The text is not YAML.
  package static let yamlSyntax = Rule(
    "yaml.syntax", kind: .spec, summary: "The text is one well-formed YAML document.")
  /// A feature of YAML that specs do without.
  package static let yamlFeature = Rule(
    "yaml.feature", kind: .spec,
    summary: "Specs use no tags, no merge keys, and only scalars as keys.")
  /// A key stands twice in a mapping.
  package static let duplicateKey = Rule(
    "yaml.duplicate-key", kind: .spec, summary: "A key stands once in a mapping.")
  /// An alias that refers to nothing, or to what it stands in.
  package static let alias = Rule(
    "yaml.alias", kind: .spec, summary: "An alias refers to an anchor that ends before it.")
  /// The text is larger, deeper or expands to more than is read.
  package static let limit = Rule(
    "yaml.limit", kind: .spec,
    summary: "A spec has at most 1 MiB, 64 levels and 100,000 values, aliases expanded.")
  /// The text is not JSON.
  package static let jsonSyntax = Rule(
    "json.syntax", kind: .input, summary: "The text is one well-formed JSON value.")
  /// The file cannot be read.
  package static let unreadable = Rule(
    "file.unreadable", kind: .input, summary: "A named file exists and can be read.")
  /// The file's bytes are no text.
  package static let encoding = Rule(
    "file.encoding", kind: .input, summary: "A text file is encoded in UTF-8.")

  /// All of them.
  package static let all = [
    yamlSyntax, yamlFeature, duplicateKey, alias, limit, jsonSyntax, unreadable, encoding,
  ]
}
