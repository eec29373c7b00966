import Diagnostics
import Documents
import ModelSpec
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct InvalidSpecTests {
  /// The files but those of budgets, which a plan decides: the compiler's tests read them.
  static let names: [String] = {
    guard let folder = opendir(packageFolder + "Specs/invalid") else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".yaml"), !name.hasPrefix("budget-") { names.append(name) }
    }
    return names.sorted()
  }()

  private static func expectations(of name: String) throws -> [String] {
    let text = try readTextFile(packageFolder + "Specs/invalid/" + name, byteLimit: 1 << 20)
    return text.split(separator: "\n").filter { $0.hasPrefix("# expect: ") }
      .map { String($0.dropFirst("# expect: ".count)) }
  }

  @Test(arguments: names) func reportsExactlyWhatItsCommentsSay(_ name: String) throws {
    let text = try readTextFile(packageFolder + "Specs/invalid/" + name, byteLimit: 1 << 20)
    let found: [String]
    do throws(DiagnosticsError) {
      found = try loadSpec(text: text, file: name, folder: packageFolder + "Specs/invalid")
        .warnings.map(\.shortText)
    } catch {
      found = error.diagnostics.map(\.shortText)
    }
    let expected = try Self.expectations(of: name)
    #expect(found.filter { !expected.contains($0) } == [])
    #expect(expected.filter { !found.contains($0) } == [])
    #expect(found.count == expected.count)
  }

  @Test func everyRuleHasAFile() throws {
    var covered: Set<String> = []
    for name in Self.names {
      for line in try Self.expectations(of: name) {
        covered.insert(String(line.split(separator: " ")[1]))
      }
    }
    let rules = SpecRules.all + DocumentRules.all.filter { $0.id.hasPrefix("yaml.") }
    #expect(rules.map(\.id).filter { !covered.contains($0) } == [])
  }

  @Test func ruleIdentifiersAreUnique() {
    let identifiers = (SpecRules.all + DocumentRules.all).map(\.id)
    #expect(Set(identifiers).count == identifiers.count)
  }
}
