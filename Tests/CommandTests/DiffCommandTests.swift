import Foundation
import Testing

/// `diff`: what a change does, by files and by revisions of git.
@Suite struct DiffCommandTests {
  /// Runs git in a folder, without the settings of the machine.
  private func git(_ arguments: String..., in folder: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// A repository whose one commit holds `models/tiny.yaml`.
  private func withRepository(_ body: (String) throws -> Void) async throws {
    try await withFolder { folder in
      try git("init", "-q", in: folder)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/models", withIntermediateDirectories: false)
      try tinySpec.write(to: "\(folder)/models/tiny.yaml")
      try git("add", ".", in: folder)
      try git("commit", "-q", "-m", "A model", in: folder)
      try body(folder)
    }
  }

  private func replacing(_ old: String, _ new: String) -> String {
    tinySpec.replacingOccurrences(of: old, with: new)
  }

  @Test func `shows the class, the keys and the figures`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/old.yaml")
      try replacing("depth: 2", "depth: 4").write(to: "\(folder)/new.yaml")
      let result = try ditharos("diff", "old.yaml", "new.yaml", in: folder)
      #expect(result.status == 0)
      #expect(result.output.hasPrefix("weights: old weights no longer load: 28 tensors added\n"))
      #expect(result.output.contains("  blocks[0].repeat  2 -> 4\n"))
      #expect(
        result.output.contains("  added     blocks.*.attention.query.bias"), "\(result.output)")
      #expect(result.output.contains("[24]  in blocks 2 to 3\n"))
      #expect(result.output.split(separator: "\n").count < 40)
      #expect(result.complaints == "")
    }
  }

  @Test func `writes JSON with every key`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/old.yaml")
      try replacing("latent_dim: 24", "latent_dim: 48").write(to: "\(folder)/new.yaml")
      let result = try ditharos(
        "diff", "old.yaml", "new.yaml", "--format", "json", in: folder)
      #expect(result.status == 0)
      let json = try result.json()
      #expect(json["format_version"] == "1.0")
      #expect(json["diagnostics"] == [])
      #expect(json["class"] == "weights")
      #expect(json["changes"][0]["path"] == "latent_dim")
      #expect(json["changes"][0]["old"] == 24)
      #expect(json["changes"][0]["new"] == 48)
      #expect(
        json["figures"].list.map(\.["name"]) == [
          "parameters", "macs", "macs_per_step", "arena_bytes", "carried_bytes", "weight_bytes",
          "peak_memory_bytes",
        ])
      #expect(json["figures"].list.allSatisfy { $0.keys == ["name", "new", "old"] })
      #expect(json["parameters"].keys == ["added", "removed", "reshaped"])
      let bias = json["parameters"]["reshaped"].list.first {
        $0["name"] == "blocks.*.attention.query.bias"
      }
      #expect(bias?["old_shape"] == [24])
      #expect(bias?["new_shape"] == [48])
      #expect(bias?["count"] == 2)
      #expect(bias?["blocks"] == [[0, 1]])
    }
  }

  @Test(
    arguments: [
      ("weights", 0), ("output", 1), ("cost", 1), ("none", 0),
    ])
  func `fails on a class and those above it`(_ failOn: String, _ status: Int32) async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/old.yaml")
      try replacing("heads: 3", "heads: 6").write(to: "\(folder)/new.yaml")
      let result = try ditharos(
        "diff", "old.yaml", "new.yaml", "--fail-on", failOn, "--format", "json", in: folder)
      #expect(result.status == status)
      let json = try result.json()
      #expect(json["class"] == "output")
      #expect(json.rules == (status == 0 ? [] : ["diff.class"]))
      if status != 0 {
        #expect(json["diagnostics"][0]["primary"]["file"] == "new.yaml")
        #expect(json["diagnostics"][0]["primary"]["line"] == 7)
      }
    }
  }

  @Test func `compares with a revision and with what is staged`() async throws {
    try await withRepository { folder in
      let path = "models/tiny.yaml"
      let same = try ditharos("diff", "HEAD:\(path)", path, in: folder)
      #expect(same.output == "none: the canonical forms are equal\n")
      try replacing("depth: 2", "depth: 3").write(to: "\(folder)/\(path)")
      let changed = try ditharos("diff", "HEAD:\(path)", path, in: folder)
      #expect(changed.status == 0)
      #expect(changed.output.hasPrefix("weights:"))
      let relative = try ditharos(
        "diff", "HEAD:./tiny.yaml", "tiny.yaml", in: "\(folder)/models")
      #expect(relative.output == changed.output)
      let staged = try ditharos("diff", "HEAD:\(path)", ":\(path)", in: folder)
      #expect(staged.output == same.output)
      try git("commit", "-qam", "Deeper", in: folder)
      let committed = try ditharos("diff", "HEAD~1:\(path)", "HEAD:\(path)", in: folder)
      #expect(committed.output == changed.output)
    }
  }

  @Test(
    arguments: [
      ("NOPE:models/tiny.yaml", "git does not know `NOPE`"),
      ("HEAD:models/nope.yaml", "does not exist in 'HEAD'"),
      ("HEAD:models", "cannot be read"),
      ("HEAD:", "names no file"),
      ("--output=x:models/tiny.yaml", "begins with a dash"),
      ("nope.yaml", "cannot read `nope.yaml`"),
    ])
  func `says what cannot be read`(_ argument: String, _ reason: String) async throws {
    try await withRepository { folder in
      let result = try ditharos(
        "diff", "--format", "json", "--", argument, "models/tiny.yaml", in: folder)
      #expect(result.status == 4)
      let problem = try result.json()["diagnostics"]
      #expect(problem.list.count == 1)
      #expect(problem[0]["message"].text?.contains(reason) == true, "\(result.output)")
      #expect(try names(in: folder) == [".git", "models"])
    }
  }

  @Test func `says when there is no git or no repository`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let noGit = try ditharos(
        "diff", "HEAD:tiny.yaml", "tiny.yaml", in: folder, environment: ["PATH": "/nonexistent"])
      #expect(noGit.status == 4)
      #expect(noGit.complaints.contains("needs git, which is not on PATH"))
      let noRepository = try ditharos(
        "diff", "HEAD:tiny.yaml", "tiny.yaml", in: folder,
        environment: ["GIT_CEILING_DIRECTORIES": "/tmp"])
      #expect(noRepository.status == 4)
      #expect(noRepository.complaints.contains("not a git repository"))
    }
  }

  @Test func `refuses components in a revision`() async throws {
    try await withRepository { folder in
      let text = """
        ditharos: 1
        name: parts
        diffusion: {file: diffusion.yaml}
        """
      try text.write(to: "\(folder)/models/parts.yaml")
      try "ditharos: 1\nname: d\ndiffusion: {steps: 3, schedule: linear}\n".write(
        to: "\(folder)/models/diffusion.yaml")
      try git("add", ".", in: folder)
      let result = try ditharos(
        "diff", ":models/parts.yaml", "models/tiny.yaml", "--format", "json", in: folder)
      #expect(result.status != 0)
      let problem = try result.json()["diagnostics"][0]
      #expect(problem["primary"]["line"] == 3)
      #expect(problem["message"].text?.contains("component") == true)
      #expect(problem["help"].text?.contains("git worktree add") == true)
    }
  }

  @Test func `reports the problems of both specs`() async throws {
    try await withFolder { folder in
      try replacing("heads: 3", "heads: 5").write(to: "\(folder)/old.yaml")
      try replacing("depth: 2", "depth: two").write(to: "\(folder)/new.yaml")
      let result = try ditharos("diff", "old.yaml", "new.yaml", "--format", "json", in: folder)
      #expect(result.status == 1)
      let files = try result.json()["diagnostics"].list.map(\.["primary"]["file"])
      #expect(files == ["old.yaml", "new.yaml"])
      let both = try ditharos("diff", "-", "-", in: folder)
      #expect(both.status == 64)
      let input = try ditharos("diff", "-", "-", "--fail-on", "all", in: folder)
      #expect(input.status == 64)
    }
  }

  @Test func `a spec over its budget can be compared, and is refused by validate and plan`()
    async throws
  {
    try await withFolder { folder in
      try (tinySpec + "limits: {parameters: 1M}\n").write(to: "\(folder)/old.yaml")
      try (tinySpec + "limits: {parameters: 1K, macs_per_step: 1K, peak_memory: 1KiB}\n")
        .write(to: "\(folder)/new.yaml")
      let result = try ditharos("diff", "old.yaml", "new.yaml", in: folder)
      #expect(result.status == 0)
      #expect(result.output.hasPrefix("cost:"))
      for command in ["validate", "plan"] {
        let json = try ditharos(command, "new.yaml", "--format", "json", in: folder)
        #expect(json.status == 5)
        let problems = try json.json()
        #expect(
          Set(problems.rules) == [
            "budget.parameters", "budget.peak-memory", "budget.macs-per-step",
          ])
        #expect(problems["diagnostics"].list.allSatisfy { $0["primary"]["line"] == 13 })
        #expect(problems["diagnostics"].list.allSatisfy { !$0["related"].list.isEmpty })
        let text = try ditharos(command, "new.yaml", in: folder)
        #expect(text.status == 5)
        let written = text.output + text.complaints
        #expect(written.contains("more than the limit of 1K (1,000); the largest group is `"))
        #expect(written.contains("more than the limit of 1KiB (1,024 bytes); the largest part is"))
        #expect(try ditharos(command, "old.yaml", in: folder).status == 0)
      }
    }
  }
}
