import ModelSpec
import Reports
import Testing

@Suite struct ReferencePageTests {
  private let lines = referencePage().split(separator: "\n").map(String.init)

  @Test func listsEveryKeyOnceUnderItsMapping() {
    for mapping in Grammar.mappings {
      #expect(lines.filter { $0 == "## \(mapping.name)" }.count == 1, "\(mapping.name)")
      for key in mapping.keys {
        let anchor = "| <a id=\"\(mapping.name).\(key.name)\"></a>`\(key.name)` |"
        let rows = lines.filter { $0.hasPrefix(anchor) }
        #expect(rows.count == 1, "\(mapping.name).\(key.name)")
        #expect(rows.first?.contains(key.summary) == true, "\(mapping.name).\(key.name)")
        #expect(rows.first?.hasSuffix("| `\(key.example)` |") == true)
      }
    }
  }

  @Test func everyRowHasFiveCells() {
    for line in lines where line.hasPrefix("|") {
      let bars = line.replacing("\\|", with: "").count { $0 == "|" }
      #expect(bars == 6, "\(line)")
    }
  }

  @Test func everyLinkHasAnAnchor() {
    let page = lines.joined(separator: "\n")
    for match in page.matches(of: /\]\(#([^)]+)\)/) {
      let anchor = String(match.1)
      #expect(
        lines.contains("## \(anchor)") || page.contains("<a id=\"\(anchor)\">"), "\(anchor)")
    }
  }

  @Test func isTheSameTextEveryTime() {
    let pages = [referencePage(), referencePage()]
    #expect(pages[0] == pages[1])
  }
}
