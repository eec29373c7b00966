import Diagnostics

/// The rules of YAML and JSON texts and of the files that hold them.
package enum DocumentRules {
  /// The text is not YAML.
  package static let yamlSyntax = Rule(
    "yaml.syntax", kind: .spec,
    summary: "The text is one well-formed YAML document.",
    explanation: """
      The message is the parser's, with the place where it gave up and, where that helps, the
      place that it was reading from. Most often a bracket or a quote is left open, or a tab
      indents: YAML is indented with spaces alone, and a file holds one document.
      """,
    failing: "heads: [4",
    fixed: "heads: 4")
  /// A feature of YAML that specs do without.
  package static let yamlFeature = Rule(
    "yaml.feature", kind: .spec,
    summary: "Specs use no tags, no merge keys, and only scalars as keys.",
    explanation: """
      Tags, merge keys and keys that are collections are read differently, or not at all, by the
      tools that a spec passes through. The key says what type a value has, and presets do what
      merge keys are used for.
      """,
    failing: """
      patch_size: !!int 2
        <<: {classes: 10}
      """,
    fixed: "patch_size: 2")
  /// A key stands twice in a mapping.
  package static let duplicateKey = Rule(
    "yaml.duplicate-key", kind: .spec,
    summary: "A key stands once in a mapping.",
    explanation: """
      Of two equal keys some readers take the first and others the last, so that one of the two
      values is ignored in silence.
      """,
    failing: """
      heads: 4
      depth: 3
      """,
    fixed: "heads: 4")
  /// An alias that refers to nothing, or to what it stands in.
  package static let alias = Rule(
    "yaml.alias", kind: .spec,
    summary: "An alias refers to an anchor that ends before it.",
    explanation: """
      `*name` repeats the value that `&name` marks. The mark comes first in the text, and a
      value cannot hold itself.
      """,
    failing: """
      depth: 2
      heads: *count
      """,
    fixed: """
      depth: &count 4
      heads: *count
      """)
  /// The text is larger, deeper or expands to more than is read.
  package static let limit = Rule(
    "yaml.limit", kind: .spec,
    summary: "A spec has at most 1 MiB, 64 levels and 100,000 values, aliases expanded.",
    explanation: """
      A few hundred bytes of nested aliases can stand for billions of values. Size, depth and
      number of values are counted while the text is read, so that a spec from anywhere can be
      checked safely.
      """,
    failing: """
      example: {noise: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}
      """,
    fixed: "example: {label: 3}")
  /// The text is not JSON.
  package static let jsonSyntax = Rule(
    "json.syntax", kind: .input,
    summary: "The text is one well-formed JSON value.",
    explanation: """
      Files of weights and model folders hold JSON that other programs wrote. A file that was
      cut short or edited by hand is refused before anything in it is used.
      """,
    failing: #"{"hidden_size": 384,}"#,
    fixed: #"{"hidden_size": 384}"#)
  /// The file cannot be read.
  package static let unreadable = Rule(
    "file.unreadable", kind: .input,
    summary: "A named file exists and can be read.",
    explanation: """
      The file that an argument or a spec names is missing, is a folder, or may not be read.
      """,
    failing: "ditharos validate modle.yaml",
    fixed: "ditharos validate model.yaml")
  /// The file's bytes are no text.
  package static let encoding = Rule(
    "file.encoding", kind: .input,
    summary: "A text file is encoded in UTF-8.",
    explanation: """
      Specs are UTF-8, with or without a byte order mark. Text in another encoding would show
      other words to every reader; the message gives the first byte that is wrong.
      """,
    failing: "iconv -t UTF-16 model.yaml | ditharos validate -",
    fixed: "ditharos validate model.yaml")

  /// All of them.
  package static let all = [
    yamlSyntax, yamlFeature, duplicateKey, alias, limit, jsonSyntax, unreadable, encoding,
  ]
}
