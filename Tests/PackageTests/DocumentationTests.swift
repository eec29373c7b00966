import Diagnostics
import Foundation
import ModelSpec
import Testing

/// README and the articles against the files, the language and the commands that they speak of.
@Suite struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let catalog = "Sources/ditharos/DiTharos.docc"
  private static let articles = [
    "Architecture", "Commands", "CompiledModels", "DiTharos", "GraphText", "Kernels", "Numerics",
    "Parity", "Passes", "Plan", "SpecFormat", "Staging", "Training",
  ]

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  private func article(_ name: String) throws -> String { try text("\(Self.catalog)/\(name).md") }

  /// The fenced blocks of a language.
  private func blocks(_ language: String, in text: String) -> [String] {
    var blocks: [String] = []
    var lines: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let open = lines {
        if line == "```" {
          blocks.append(open.joined(separator: "\n") + "\n")
          lines = nil
        } else {
          lines = open + [line]
        }
      } else if line == "```\(language)" {
        lines = []
      }
    }
    return blocks
  }

  /// The cells in quotes with which the rows of a section's tables begin.
  private func firstCells(of section: Substring) -> [String] {
    section.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("| `") else { return nil }
      return line.dropFirst(3).split(separator: "`").first.map(String.init)
    }
  }

  /// The text under a heading, up to the next heading of any level.
  private func section(_ heading: String, of text: String) -> Substring? {
    guard let start = text.range(of: "\n\(heading)\n") else { return nil }
    let rest = text[start.upperBound...]
    return rest.range(of: "\n#").map { rest[..<$0.lowerBound] } ?? rest
  }

  @Test func `every file that README links exists`() throws {
    let links = try text("README.md").matches(of: /\]\(([^)#]+)\)/).map { String($0.1) }
    let files = links.filter { !$0.hasPrefix("https://") }
    #expect(!files.isEmpty)
    for file in files {
      let path = Self.root.appendingPathComponent(file).path
      #expect(FileManager.default.fileExists(atPath: path), "\(file)")
    }
  }

  @Test func `every article that an article links exists, and the landing page links all`() throws {
    var linked: Set<String> = []
    for name in Self.articles {
      let links = try article(name).matches(of: /<doc:([A-Za-z]+)>/).map { String($0.1) }
      for link in links { #expect(Self.articles.contains(link), "\(link) in \(name)") }
      if name == "DiTharos" { linked = Set(links) }
    }
    #expect(linked.union(["DiTharos"]) == Set(Self.articles))
    let files = try FileManager.default.contentsOfDirectory(
      atPath: Self.root.appendingPathComponent(Self.catalog).path)
    #expect(Set(files) == Set(Self.articles.map { "\($0).md" }))
  }

  @Test(arguments: ["README.md", "\(catalog)/SpecFormat.md"])
  func `every complete spec in the text is valid`(path: String) throws {
    // A block that has the version of the language is a whole spec, any other a part of one.
    let specs = blocks("yaml", in: try text(path)).filter { $0.hasPrefix("ditharos:") }
    #expect(!specs.isEmpty)
    for spec in specs {
      do throws(DiagnosticsError) {
        let loaded = try loadSpec(text: spec, file: path, folder: nil)
        #expect(loaded.warnings.isEmpty, "\(loaded.warnings.map(\.message))\n\(spec)")
      } catch {
        Issue.record("\(error.diagnostics.map(\.message))\n\(spec)")
      }
    }
  }

  @Test func `the tables of the spec format have the keys of the grammar`() throws {
    let article = try article("SpecFormat")
    for mapping in Grammar.mappings {
      let heading = mapping.name == Grammar.root.name ? "The whole file" : mapping.name
      let table = try #require(section("### \(heading)", of: article), "\(mapping.name)")
      #expect(firstCells(of: table) == mapping.keys.map(\.name), "\(mapping.name)")
    }
  }

  @Test func `the commands of the article are those of the program`() throws {
    let article = try article("Commands")
    let listed = firstCells(of: try #require(section("## Overview", of: article)))
    let folder = Self.root.appendingPathComponent("Sources/ditharos/Commands")
    var names: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let source = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
      for match in source.matches(of: /commandName: "([a-z]+)"/) { names.insert(String(match.1)) }
    }
    #expect(Set(listed) == names)
    for name in names {
      #expect(section("## \(name)", of: article) != nil, "\(name)")
    }
  }

  @Test func `the kernels and rows of the article are those of the code`() throws {
    let article = try article("Kernels")
    let header = try text("Sources/CKernels/include/CKernels.h")
    let kernels = header.matches(of: /\n  dth_kernel ([a-z0-9_]+);/).map { String($0.1) }
    let listed = firstCells(of: try #require(section("## Which kernels there are", of: article)))
    #expect(!kernels.isEmpty && Set(listed) == Set(kernels) && listed.count == kernels.count)

    let rows = firstCells(of: try #require(section("## Rows", of: article)))
    let folder = Self.root.appendingPathComponent("Sources/CKernels")
    let sources = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    for row in rows { #expect(sources.contains("\(row).c"), "\(row)") }
    let files = article.matches(of: /`([a-z0-9_]+\.h)`/).map { String($0.1) }
    for file in files {
      let path = folder.appendingPathComponent("rows/\(file)").path
      #expect(FileManager.default.fileExists(atPath: path), "\(file)")
    }
  }
}
