import Diagnostics
import Documents

extension SpecRules {
  package static let languageVersion = rule(
    "language-version", "The version of the language is one that the program reads.",
    explanation: """
      The number after `ditharos` is the version of the spec language. A file of another
      version may give the same keys another meaning, so that nothing else in it is checked.
      Version 1 has no deprecated keys.
      """,
    failing: "ditharos: 2",
    fixed: "ditharos: 1")
}

/// The problem with a version that is a whole number, but not one that the program reads; what is
/// no number is reported by the checker.
func unknownVersion(_ node: DocumentNode) -> Diagnostic? {
  guard case .scalar(let text, .plain) = node.kind, text != String(Grammar.version),
    !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !text.hasPrefix("0")
  else { return nil }
  return Diagnostic(
    SpecRules.languageVersion,
    "the spec is written in version \(text.prefix(20)) of the language, this program reads "
      + "version \(Grammar.version)",
    help: "use a newer program, or write the spec in version \(Grammar.version)",
    at: node.range, path: "ditharos")
}
