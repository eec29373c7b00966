import Foundation
import Testing

/// The package against the module table of the architecture article.
@Suite struct ModuleTableTests {
  private struct Row {
    var level: Int
    var imports: Set<String>
  }

  private struct Manifest: Decodable {
    struct Target: Decodable {
      var name: String
      var type: String
      var path: String?
      var dependencies: [Dependency]
    }

    /// `{"byName": [name, condition]}` or `{"product": [name, package, ...]}`.
    struct Dependency: Decodable {
      var name: String?

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for key in container.allKeys {
          var list = try container.nestedUnkeyedContainer(forKey: key)
          name = try list.decode(String.self)
        }
      }

      struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }
    }

    var targets: [Target]
  }

  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func table() throws -> [String: Row] {
    let article = Self.root.appendingPathComponent(
      "Sources/ditharos/DiTharos.docc/Architecture.md")
    var rows: [String: Row] = [:]
    for line in try String(contentsOf: article, encoding: .utf8).split(separator: "\n") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 6, let level = Int(cells[1]) else { continue }
      let name = cells[2].trimmingCharacters(in: CharacterSet(charactersIn: "`"))
      let imports = cells[4].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      rows[name] = Row(level: level, imports: Set(imports))
    }
    return rows
  }

  private func manifest() throws -> Manifest {
    let scratch = FileManager.default.temporaryDirectory
      .appendingPathComponent("ditharos-manifest-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // A scratch path of its own: the default one is locked by the build that runs the tests.
    process.arguments = [
      "swift", "package", "--package-path", Self.root.path, "--scratch-path", scratch.path,
      "dump-package",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Manifest.self, from: data)
  }

  @Test func `every module stands in the table with its imports, and imports lower levels only`()
    throws
  {
    let rows = try table()
    let everywhere: Set<String> = ["Tensors", "Diagnostics"]
    let targets = try manifest().targets.filter {
      $0.type != "test" && !($0.path ?? "").hasPrefix("Tests/")
    }
    #expect(Set(targets.map(\.name)) == Set(rows.keys))
    for target in targets {
      let row = try #require(rows[target.name])
      let imports = Set(target.dependencies.compactMap(\.name))
      if row.imports.contains("all") {
        let known = Set(rows.keys).union(row.imports)
        #expect(imports.isSubset(of: known), "\(target.name)")
      } else {
        #expect(imports.subtracting(everywhere) == row.imports, "\(target.name)")
      }
      for name in imports {
        if let other = rows[name] {
          let isLower = other.level < row.level
          let isFree = everywhere.contains(name) && !everywhere.contains(target.name)
          #expect(isLower || isFree, "\(target.name) imports \(name)")
        }
      }
    }
  }

  @Test func `the top level holds what the layout names and nothing else`() throws {
    let allowed: Set<String> = [
      "Package.swift", "Makefile", "README.md", "LICENSE", "Sources", "Tests", "Specs",
      "Generated", "Benchmarks", "Package.resolved", "out",
    ]
    let entries = try FileManager.default.contentsOfDirectory(atPath: Self.root.path)
    let visible = Set(entries.filter { !$0.hasPrefix(".") })
    #expect(visible.isSubset(of: allowed), "\(visible.subtracting(allowed))")
  }
}
