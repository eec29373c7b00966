import Diagnostics
import Documents
import GraphSamples
import Testing

@Suite struct JSONTests {
  @Test func readsValuesWithTheirPlaces() throws {
    let root = try parseJSON(
      "{\"a\": [1, -2.5e3, true, null],\n \"é\": \"x\\n\\u00e9\\ud83d\\ude00\"}", file: "f")
    #expect(root["a"]?.elements?.map(\.text) == ["1", "-2.5e3", "true", "null"])
    #expect(root["é"]?.text == "x\né😀")
    #expect(root["é"]?.range.start == SourcePosition(line: 2, column: 7))
    #expect(root.range.end == SourcePosition(line: 2, column: 31))
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "[1 2]", "01", "1.", ".5", "+1", "1e", "nan",
    "'a'",
    "\"\\x\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\u{1}\"", "\"a", "[1]x", "\u{FEFF}1", "tru",
    "{\"a\":1,\"a\":2}", "{\"a\"}", "\"\\u12g4\"",
  ])
  func refusesWhatIsNotJSON(_ text: String) {
    #expect(throws: DiagnosticsError.self) { try parseJSON(text, file: "f") }
  }

  @Test func reportsAllDuplicateKeys() {
    do throws(DiagnosticsError) {
      _ = try parseJSON("{\"a\":1,\"b\":{\"c\":1,\"c\":2},\"a\":3}", file: "f")
      Issue.record("duplicate keys were accepted")
    } catch {
      #expect(error.diagnostics.count == 2)
      #expect(error.diagnostics.map(\.primary?.start.column) == [19, 26])
    }
  }

  @Test func refusesDeepNestingAndManyValues() {
    #expect(throws: DiagnosticsError.self) {
      try parseJSON(String(repeating: "[", count: 1_000_000), file: "f")
    }
    #expect(throws: DiagnosticsError.self) {
      try parseJSON("[1,2,3]", file: "f", limits: DocumentLimits(byteCount: 100, nodeCount: 3))
    }
    #expect(throws: DiagnosticsError.self) {
      try parseJSON("[1,2,3]", file: "f", limits: DocumentLimits(byteCount: 6, nodeCount: 9))
    }
  }

  @Test func refusesBytesThatAreNotUTF8() {
    let bytes: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
    bytes.withUnsafeBytes { bytes in
      #expect(throws: DiagnosticsError.self) { try parseJSON(bytes, file: "f") }
    }
  }

  @Test func writesTheShortestNumbers() {
    let cases: [(JSONValue, String)] = [
      (.number(0.1), "0.1"), (.number(1), "1"), (.number(-0.0), "0"), (.number(1e-6), "1e-6"),
      (.number(1e20), "1e20"), (.number(0.00390625), "0.00390625"), (.float(0.1), "0.1"),
      (.float(16_777_216), "16777216"), (.number(.nan), "null"), (.float(.infinity), "null"),
      (.number(1.5e300), "1.5e300"), (.integer(-7), "-7"),
    ]
    for (value, text) in cases { #expect(value.text(pretty: false) == text) }
  }

  @Test func writesWhatItReads() throws {
    let value = JSONValue.object([
      ("b", .array([.integer(1), .array([.number(0.5)]), .object([])])),
      ("a", .string("quote \" back \\ line \n bell \u{7} é 😀 \u{2028}")), ("c", .null),
      ("d", .bool(true)), ("e", .array([])),
    ])
    for text in [value.text(), value.text(pretty: false)] {
      let root = try parseJSON(text, file: "f")
      #expect(root.entries?.map(\.key.text) == ["b", "a", "c", "d", "e"])
      #expect(root["a"]?.text == "quote \" back \\ line \n bell \u{7} é 😀 \u{2028}")
      #expect(root["b"]?.elements?[1].elements?[0].text == "0.5")
    }
    #expect(value.text(pretty: false).allSatisfy { $0 != "\n" })
  }

  @Test func laysObjectsOutByLines() {
    let value = JSONValue.object([("a", .array([.integer(1), .integer(2)])), ("b", .object([]))])
    #expect(value.text() == "{\n  \"a\": [1,2],\n  \"b\": {}\n}")
  }

  @Test func neverFailsOnBrokenTexts() {
    let text = "{\"a\": [1, -2.5e3, true, null, \"x\\u00e9\\n\"], \"b\": {\"c\": {}}}"
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<3000 { _ = try? parseJSON(generator.mutation(of: text), file: "f") }
    for length in 0..<text.count { _ = try? parseJSON(String(text.prefix(length)), file: "f") }
  }
}
