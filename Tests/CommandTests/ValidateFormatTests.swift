import Foundation
import Testing

private let header = "ditharos: 1\nname: tiny\nlatent: {channels: 4, height: 8, width: 8}\n"
private let model = header + "patch_size: 2\nlatent_dim: 16\ndepth: 2\nheads: 4\n"
private let mistaken = header + "patch_size: \"2\" # two\nlatent_dim: 16\ndept: 2\nheads: 5\n"

/// The formats of `validate`, its repairs and its patterns.
@Suite struct ValidateFormatTests {
  private func validate(
    _ arguments: String..., in folder: String, input: String = ""
  ) throws -> CommandResult {
    try RunningCommand(["validate"] + arguments, folder: folder, input: Data(input.utf8)).result()
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }

  @Test func `writes SARIF of every problem, and of none`() async throws {
    try await withFolder { folder in
      try mistaken.write(to: "\(folder)/a b.yaml")
      try model.write(to: "\(folder)/good.yaml")
      let result = try validate(".", "--format", "sarif", in: folder)
      #expect(result.status == 1)
      let run = try result.json()["runs"][0]
      let results = run["results"].list
      let rules = Set(results.compactMap { $0["ruleId"].text })
      #expect(rules.isSuperset(of: ["spec.scalar", "spec.unknown-key"]))
      #expect(
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.yaml")
      #expect(results[0]["fixes"].list.count == 1)
      let clean = try validate("good.yaml", "--format", "sarif", in: folder)
      #expect(clean.status == 0)
      #expect(try clean.json()["runs"][0]["results"] == [])
      let missing = try validate("gone.yaml", "--format", "sarif", in: folder)
      #expect(missing.status == 4)
      #expect(try missing.json()["runs"][0]["results"][0]["ruleId"] == "file.unreadable")
    }
  }

  @Test func `writes annotations and JUnit`() async throws {
    try await withFolder { folder in
      try mistaken.write(to: "\(folder)/bad.yaml")
      try model.write(to: "\(folder)/good.yaml")
      let annotations = try validate(".", "--format", "github", in: folder)
      #expect(annotations.status == 1)
      let lines = annotations.output.split(separator: "\n")
      #expect(lines.count >= 2 && lines.allSatisfy { $0.hasPrefix("::error file=bad.yaml,") })
      #expect(lines[0].hasPrefix("::error file=bad.yaml,line=4,endLine=4,col=13,endColumn=16,"))
      let junit = try validate(".", "--format", "junit", in: folder)
      #expect(junit.status == 1)
      #expect(junit.output.contains("tests=\"2\" failures=\"1\" errors=\"0\""))
      #expect(junit.output.contains("name=\"good.yaml\" file=\"good.yaml\"/>"))
    }
  }

  @Test func `repairs what has one repair, and says what is left`() async throws {
    try await withFolder { folder in
      let path = "\(folder)/a.yaml"
      try mistaken.write(to: path)
      chmod(path, 0o640)
      let dry = try validate("a.yaml", "--fix", "--dry-run", in: folder)
      #expect(dry.status == 1)
      #expect(dry.output.hasPrefix("--- a.yaml\n+++ a.yaml\n@@ -1,7 +1,7 @@\n"))
      #expect(dry.output.contains("-patch_size: \"2\" # two\n+patch_size: 2 # two\n"))
      #expect(try text(path) == mistaken)
      let result = try validate("a.yaml", "--fix", "--format", "json", in: folder)
      #expect(result.status == 1)
      let json = try result.json()
      // The repairs let the check of the heads run.
      #expect(json.rules == ["spec.heads-divide-width"])
      #expect(json["fixes"].list.map { $0["suggestion"] } == ["2", "depth"])
      #expect(json["fixes"].list.allSatisfy { $0["applied"] == .boolean(true) })
      #expect(
        try text(path) == header + "patch_size: 2 # two\nlatent_dim: 16\ndepth: 2\nheads: 5\n")
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o640)
      #expect(try names(in: folder) == ["a.yaml"])
    }
  }

  @Test func `repairs standard input and the files that links lead to`() async throws {
    try await withFolder { folder in
      let expected = model.replacingOccurrences(of: "size: 2", with: "size: 2 # two")
      let wrong = mistaken.replacingOccurrences(of: "heads: 5", with: "heads: 4")
      let result = try validate("-", "--fix", in: folder, input: wrong)
      #expect(result.status == 0)
      #expect(result.output == expected)
      try wrong.write(to: "\(folder)/real.yaml")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link.yaml", withDestinationPath: "real.yaml")
      #expect(try validate("link.yaml", "--fix", in: folder).status == 0)
      #expect(try text("\(folder)/real.yaml") == expected)
      let target = try FileManager.default.destinationOfSymbolicLink(
        atPath: "\(folder)/link.yaml")
      #expect(target == "real.yaml")
      for arguments in [["--dry-run", "real.yaml"], ["--fix", "-", "real.yaml"]] {
        let wrongUse = try RunningCommand(["validate"] + arguments, folder: folder).result()
        #expect(wrongUse.status == 64)
      }
    }
  }

  @Test func `patterns choose the files`() async throws {
    try await withFolder { folder in
      let files = FileManager.default
      try files.createDirectory(
        atPath: "\(folder)/specs/invalid/deep", withIntermediateDirectories: true)
      try model.write(to: "\(folder)/specs/good.yaml")
      try model.write(to: "\(folder)/specs/other.yml")
      try mistaken.write(to: "\(folder)/specs/invalid/bad.yaml")
      try mistaken.write(to: "\(folder)/specs/invalid/deep/bad.yaml")
      // A link back must not be followed for ever.
      try files.createSymbolicLink(
        atPath: "\(folder)/specs/loop", withDestinationPath: ".")
      func count(_ arguments: String...) throws -> Double? {
        let result = try RunningCommand(
          ["validate", "--format", "json"] + arguments, folder: folder
        ).result()
        let failed = try result.json()["diagnostics"] != []
        #expect(result.status == (failed ? 1 : 0))
        return failed ? nil : try result.json()["files"].double
      }
      #expect(try count("specs") == nil)
      for pattern in ["specs/invalid/**", "invalid/**", "invalid", "bad.yaml", "**/bad.yaml"] {
        #expect(try count("specs", "--exclude", pattern) == 2, "\(pattern)")
      }
      #expect(try count("specs", "--include", "good.yaml") == 1)
      #expect(try count("specs", "--include", "*.yml", "--include", "g*", "--exclude", "o*") == 1)
      // Also files that are named, as a tool that lists changed files does.
      #expect(try count("specs/good.yaml", "specs/invalid/bad.yaml", "--exclude", "invalid") == 1)
      #expect(try count("specs/invalid/bad.yaml", "--exclude", "invalid") == 0)
    }
  }
}
