import Diagnostics
import Documents
import ModelSpec
import Testing

/// A text of up to 1 MiB that must be refused for a reason, or accepted where there is none.
private struct Attack: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let text: String
  let rule: Rule?

  init(_ name: String, _ text: String, _ rule: Rule?) {
    testDescription = name
    self.text = text
    self.rule = rule
  }
}

private let mebibyte = 1 << 20

private func repeated(_ text: String) -> String {
  String(repeating: text, count: mebibyte / text.utf8.count)
}

private func lines(_ count: Int, _ line: (Int) -> String) -> String {
  (0..<count).map { line($0) + "\n" }.joined()
}

private let structureAttacks: [Attack] = [
  Attack("a zero byte", tinySpec(["name": "a\u{0}b"]), DocumentRules.yamlSyntax),
  Attack("zero bytes alone", repeated("\u{0}"), DocumentRules.yamlSyntax),
  Attack(
    "10,000 nested brackets",
    "x: " + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000),
    DocumentRules.limit),
  Attack("brackets alone", repeated("["), DocumentRules.limit),
  Attack("braces alone", repeated("{"), DocumentRules.limit),
  Attack("empty keys of nested braces", repeated("{\"\":"), DocumentRules.limit),
  Attack("dashes in a line", repeated("- "), DocumentRules.limit),
  Attack("question marks in a line", repeated("? "), DocumentRules.limit),
  Attack("dashes on lines", repeated("-\n"), DocumentRules.limit),
  Attack("question marks on lines", repeated("?\n"), DocumentRules.limit),
  Attack(
    "deep block mappings", (0..<1400).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    DocumentRules.limit),
  Attack("a million keys", lines(1_000_000) { "\($0):" }, DocumentRules.limit),
  Attack("more keys than nodes", lines(60_000) { "k\($0): 1" }, DocumentRules.limit),
  Attack("one key many times", lines(40_000) { _ in "a: 1" }, DocumentRules.duplicateKey),
  Attack(
    "aliases to aliases",
    "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
      + lines(20) { number in
        let aliases = [String](repeating: "*a\(number)", count: 9).joined(separator: ", ")
        return "a\(number + 1): &a\(number + 1) [\(aliases)]"
      }, DocumentRules.limit),
  Attack(
    "aliases that nest", "a0: &a0 [1]\n" + lines(100) { "a\($0 + 1): &a\($0 + 1) [*a\($0)]" },
    DocumentRules.limit),
  Attack("an alias to itself", "x: &x [*x]", DocumentRules.alias),
  Attack("a huge anchor", tinySpec(["name": "&\(repeated("a").dropLast(400)) x"]), nil),
  Attack("a huge alias", "x: *\(repeated("a").dropLast(10))", DocumentRules.alias),
  Attack("many anchors", lines(40_000) { "k\($0): &a\($0) 1" }, SpecRules.notASpec),
  Attack("a huge tag", "x: !<\(repeated("a").dropLast(10))> 1", DocumentRules.yamlFeature),
  Attack("a huge key", repeated("k").dropLast(3) + ": 1", DocumentRules.yamlSyntax),
  Attack("tag directives", lines(50_000) { "%TAG !\($0)! tag:x" }, DocumentRules.limit),
  Attack("documents", repeated("---\n"), DocumentRules.yamlSyntax),
  Attack("byte order marks", repeated("\u{FEFF}"), SpecRules.notASpec),
  Attack("line feeds", repeated("\n"), SpecRules.notASpec),
  Attack("comments", repeated("#"), SpecRules.notASpec),
  Attack("quotation marks", repeated("\""), DocumentRules.yamlSyntax),
  Attack("over the size", repeated("x") + "x", DocumentRules.limit),
]

private let huge = String(repeatElement("9", count: 1_000_000))

private let valueAttacks: [Attack] = [
  Attack("a huge name", tinySpec(["name": repeated("x").dropLast(400) + ""]), SpecRules.text),
  Attack("a huge integer", tinySpec(["depth": huge]), SpecRules.range),
  Attack("a huge fraction", tinySpec([:], "norm: {epsilon: 0.\(huge)}"), nil),
  Attack("a huge exponent", tinySpec([:], "norm: {epsilon: 1e\(huge)}"), SpecRules.range),
  Attack("a huge quantity", tinySpec([:], "limits: {peak_memory: \(huge)}"), SpecRules.range),
  Attack(
    "a huge choice", tinySpec(["conditioning": "{modulation: \(huge)}"]), SpecRules.choice),
  Attack(
    "long unknown keys",
    tinySpec([:], lines(8000) { String(repeating: "x", count: 95) + "\($0): 1" }),
    SpecRules.unknownKey),
  Attack(
    "unknown parameters of a deep model",
    tinySpec(
      ["depth": "10000"],
      "parameters:\n" + lines(24_000) { "  blocks.\($0).attention.valeu.weight: [1]" }),
    SpecRules.unknownParameter),
  Attack(
    "blocks beyond the ceiling",
    tinySpec(
      ["depth": "", "heads": ""],
      "blocks:\n" + lines(250) { _ in "  - {repeat: 9999, sublayers: [{kind: feed_forward}]}" }),
    SpecRules.graphCeiling),
  Attack(
    "extents that overflow together",
    tinySpec([
      "latent": "{channels: 65536, height: 65536, width: 65536}", "latent_dim": "65536",
      "depth": "10000",
    ]), SpecRules.elementCeiling),
]

@Suite struct HostileSpecTests {
  @Test(arguments: structureAttacks + valueAttacks)
  private func isRefusedWithoutCrashOrFlood(_ attack: Attack) {
    let found: [Diagnostic]
    do throws(DiagnosticsError) {
      found = try loadSpec(text: attack.text, file: "attack.yaml", folder: nil).warnings
    } catch {
      found = error.diagnostics
    }
    if let rule = attack.rule {
      #expect(found.contains { $0.rule == rule }, "\(found.prefix(3).map(\.rule.id))")
    } else {
      #expect(found.isEmpty, "\(found.prefix(3).map(\.rule.id))")
    }
    // Of each stage of reading at most 1,000.
    #expect(found.count <= 3_001)
    let text = TextRenderer(sourceText: { _ in attack.text }).render(found)
    #expect(text.isEmpty == found.isEmpty)
  }
}
