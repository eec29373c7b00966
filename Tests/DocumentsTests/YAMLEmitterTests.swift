import Documents
import Testing

@Suite struct YAMLEmitterTests {
  @Test(arguments: [
    "plain", "two words", "no", "NULL", "1", "0x1", "-", "a: b", "a #b", " lead", "trail ", "",
    "*alias", "é", "line\nfeed", "tab\t", "\"quoted\"", "'", "~", "path/to.file", "@at", "%", "{",
    "y", "a,b", "[x]", "\u{7F}", "\u{2028}",
  ])
  func textsReadBackAsTheyWere(_ text: String) throws {
    let value = YAMLValue.mapping([
      ("key", .text(text)), ("list", .sequence([.text(text), .plain("1")])),
      (text + "k", .plain("2")),
    ])
    let root = try #require(parseYAML(value.document, file: "f").root)
    #expect(root["key"]?.text == text)
    #expect(root["list"]?.elements?.first?.text == text)
    #expect(root[text + "k"]?.text == "2")
  }

  @Test func laysOutLongCollectionsByLines() throws {
    let long = YAMLValue.sequence((0..<60).map(YAMLValue.integer))
    let value = YAMLValue.mapping([
      ("short", .sequence([.integer(1), .integer(2)])), ("long", long),
      ("nested", .sequence([.mapping([("a", long), ("b", .plain("c"))]), .sequence([long])])),
      ("empty", .sequence([])), ("none", .mapping([])),
    ])
    let text = value.document
    #expect(text.hasPrefix("short: [1, 2]\nlong:\n  - 0\n  - 1\n"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    let root = try #require(parseYAML(text, file: "f").root)
    #expect(root["long"]?.elements?.count == 60)
    #expect(root["nested"]?.elements?[0]["a"]?.elements?.count == 60)
    #expect(root["nested"]?.elements?[1].elements?[0].elements?.count == 60)
    #expect(root["empty"]?.elements?.isEmpty == true)
    #expect(root["none"]?.entries?.isEmpty == true)
  }
}
