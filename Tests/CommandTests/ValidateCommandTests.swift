import Foundation
import Testing

/// `validate` and `expand`.
@Suite struct ValidateCommandTests {
  private func json(
    _ arguments: String..., in folder: String = "/", input: String = "", status: Int32
  ) throws -> JSON {
    let result = try RunningCommand(
      ["validate"] + arguments + ["--format", "json"], folder: folder, input: Data(input.utf8)
    ).result()
    #expect(result.status == status, "\(result.output)")
    let json = try result.json()
    #expect(json["format_version"] == "1.0")
    return json
  }

  @Test func `accepts the shipped specs`() throws {
    let paths = try names(in: "\(projectFolder)/Specs").filter { $0.hasSuffix(".yaml") }
    let result = try RunningCommand(
      ["validate"] + paths, folder: "\(projectFolder)/Specs"
    ).result()
    #expect(result.status == 0)
    #expect(result.output == "")
    #expect(result.complaints.contains("\(paths.count) specs checked, 0 errors"))
  }

  @Test func `gives every mistake its place`() async throws {
    try await withFolder { folder in
      let text =
        tinySpec.replacingOccurrences(of: "heads: 3", with: "heads: 5\nhaeds: 3")
        .replacingOccurrences(of: "depth: 2", with: "depth: 02")
      try text.write(to: "\(folder)/bad.yaml")
      let json = try json("bad.yaml", in: folder, status: 1)
      #expect(json["files"] == 1)
      let problems = json["diagnostics"].list
      #expect(problems.count >= 2)
      let unknown = try #require(problems.first { $0["rule"] == "spec.unknown-key" })
      #expect(unknown["severity"] == "error")
      #expect(unknown["primary"]["file"] == "bad.yaml")
      #expect(unknown["primary"]["line"] == 8)
      #expect(unknown["primary"]["column"] == 1)
      #expect(unknown["primary"]["end_line"] == 8)
      #expect(unknown["primary"]["end_column"] == 6)
      #expect(unknown["related"] == [])
      #expect(
        unknown.keys == [
          "help", "message", "path", "primary", "related", "rule", "severity", "suggestion",
          "suggestion_is_safe",
        ])
      #expect(problems.contains { $0["primary"]["line"] == 6 })
      let written = try ditharos("validate", "bad.yaml", in: folder)
      #expect(written.status == 1)
      #expect(written.output.contains("  8 | haeds: 3\n    | ^~~~~\n"))
    }
  }

  @Test func `reads standard input`() throws {
    #expect(try json("-", input: tinySpec, status: 0)["diagnostics"] == [])
    let bad = try json("-", input: "ditharos: 1\nnope: 1\n", status: 1)
    #expect(bad["diagnostics"][0]["primary"]["file"] == "-")
  }

  @Test func `expands to a spec that expands to itself`() throws {
    for name in ["sora-by-hand", "dit-s-2"] {
      let once = try ditharos("expand", shipped(name))
      #expect(once.status == 0)
      let twice = try ditharos("expand", "-", input: once.output)
      #expect(twice.status == 0)
      #expect(twice.output == once.output)
    }
  }

  @Test func `searches folders and leaves other files out`() async throws {
    try await withFolder { folder in
      let files = FileManager.default
      try files.createDirectory(atPath: "\(folder)/a/.git", withIntermediateDirectories: true)
      try files.createDirectory(atPath: "\(folder)/empty", withIntermediateDirectories: true)
      try tinySpec.write(to: "\(folder)/a/one.yaml")
      try tinySpec.replacingOccurrences(of: "\n", with: "\r\n").write(to: "\(folder)/a/two.yml")
      try "services: []\n".write(to: "\(folder)/a/compose.yaml")
      try "ditharos: nonsense".write(to: "\(folder)/a/.git/three.yaml")
      try "ditharos: nonsense".write(to: "\(folder)/a/four.txt")
      try files.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "a")
      for name in ["a", "a/", "link"] {
        let json = try json(name, in: folder, status: 0)
        #expect(json["files"] == 2)
        #expect(json["skipped"] == 1)
      }
      let empty = try json("empty", in: folder, status: 0)
      #expect(empty.rules == ["validate.no-specs"])
      #expect(empty["diagnostics"][0]["severity"] == "warning")
      _ = try json("empty", "--fail-on", "warning", in: folder, status: 1)
      #expect(try json("a/compose.yaml", in: folder, status: 1)["files"] == 1)
    }
  }

  @Test func `says what cannot be read`() async throws {
    try await withFolder { folder in
      try Data([0x64, 0x3A, 0x20, 0xFF, 0xFE]).write(
        to: URL(fileURLWithPath: "\(folder)/latin.yaml"))
      #expect(try json("missing.yaml", in: folder, status: 4).rules == ["file.unreadable"])
      #expect(try json("latin.yaml", in: folder, status: 4).rules == ["file.encoding"])
      // An unusable file before a wrong spec.
      try "ditharos: 1\nnope: 1\n".write(to: "\(folder)/bad.yaml")
      let both = try json("bad.yaml", "missing.yaml", in: folder, status: 4)
      #expect(both.rules.contains("file.unreadable") && both.rules.count >= 2)
      for command in ["plan", "trace"] {
        let result = try ditharos(command, folder, "--format", "json")
        #expect(result.status == 4)
        #expect(try result.json().rules == ["file.unreadable"])
      }
    }
  }

  @Test func `stays within its limits on hostile files`() async throws {
    try await withFolder { folder in
      var bomb = "ditharos: 1\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
      for level in 1...9 {
        let alias = "*a\(level - 1)"
        bomb += "a\(level): &a\(level) [" + String(repeating: alias + ",", count: 9) + alias + "]\n"
      }
      try bomb.write(to: "\(folder)/bomb.yaml")
      #expect(try json("bomb.yaml", in: folder, status: 1).rules == ["yaml.limit"])
      try String(repeating: "[", count: 100_000).write(to: "\(folder)/deep.yaml")
      #expect(try json("deep.yaml", in: folder, status: 1).rules == ["yaml.limit"])
      let huge =
        tinySpec.replacingOccurrences(of: "latent_dim: 24", with: "latent_dim: 24000")
        .replacingOccurrences(of: "depth: 2", with: "depth: 150")
      try huge.write(to: "\(folder)/huge.yaml")
      let problem = try json("huge.yaml", in: folder, status: 1)
      #expect(problem.rules == ["spec.parameter-ceiling"])
      #expect(problem["diagnostics"][0]["primary"]["line"].double != nil)
      for command in ["plan", "trace", "run"] {
        #expect(try ditharos(command, "huge.yaml", in: folder).status == 1)
      }
    }
  }

  @Test func `fails with its own status when only a budget is exceeded`() async throws {
    try await withFolder { folder in
      try (tinySpec + "limits: {macs_per_step: 1000}\n").write(to: "\(folder)/model.yaml")
      let problem = try json("model.yaml", in: folder, status: 5)
      #expect(problem.rules == ["budget.macs-per-step"])
      #expect(problem["diagnostics"][0]["primary"]["line"] == 13)
      #expect(try ditharos("plan", "model.yaml", in: folder).status == 5)
    }
  }
}
