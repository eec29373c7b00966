import Foundation
import Testing

/// `init`: what it writes can be used as it is, and nothing is lost.
@Suite struct InitCommandTests {
  /// Named by the help, which lists all.
  static let presets: [String] = {
    let help = (try? ditharos("init", "--help").output) ?? ""
    let list = help.components(separatedBy: "presets: ").last?.split(separator: ".").first ?? ""
    return list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
  }()

  @Test func `the help lists the presets`() {
    #expect(Set(Self.presets).isSuperset(of: ["dit", "dit-s", "dit-b", "dit-l", "dit-xl"]))
  }

  @Test(arguments: presets) func `what it writes is a commented spec without a flaw`(
    _ preset: String
  ) async throws {
    try await withFolder { folder in
      let result = try ditharos("init", "--preset", preset, "-o", "new.yaml", in: folder)
      #expect(result.status == 0)
      #expect(result.output == "")
      #expect(result.complaints.contains("ditharos validate new.yaml"))
      let text = String(decoding: try bytes("\(folder)/new.yaml"), as: UTF8.self)
      let lines = text.split(separator: "\n")
      #expect((10...20).contains(lines.count))
      #expect(lines.first == "# yaml-language-server: $schema=ditharos.schema.json")
      #expect(lines.dropFirst().allSatisfy { $0.contains("  # ") })
      let check = try ditharos(
        "validate", "new.yaml", "--fail-on", "warning", "--format", "json", in: folder)
      #expect(check.status == 0)
      #expect(try check.json()["diagnostics"] == [])
      let plan = try ditharos("plan", "new.yaml", "--format", "json", in: folder)
      #expect(plan.status == 0)
      #expect(try plan.json()["name"] == "new")
    }
  }

  @Test func `never writes over a file without --force`() async throws {
    try await withFolder { folder in
      try "mine".write(to: "\(folder)/model.yaml")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link.yaml", withDestinationPath: "nowhere")
      for arguments in [[], ["-o", "model.yaml"], ["-o", "link.yaml"]] {
        let result = try RunningCommand(["init"] + arguments, folder: folder).result()
        #expect(result.status == 4)
        #expect(result.complaints.contains("add --force"))
      }
      #expect(try bytes("\(folder)/model.yaml") == Data("mine".utf8))
      #expect(try ditharos("init", "--force", in: folder).status == 0)
      #expect(try bytes("\(folder)/model.yaml") != Data("mine".utf8))
      #expect(try names(in: folder) == ["link.yaml", "model.yaml"])
      #expect(try ditharos("init", "-o", ".", in: folder).status == 4)
      #expect(try ditharos("init", "-o", "none/model.yaml", in: folder).status == 4)
    }
  }

  @Test func `prints to standard output`() async throws {
    try await withFolder { folder in
      let result = try ditharos("init", "--preset", "dit-b", "-o", "-", in: folder)
      #expect(result.status == 0)
      #expect(result.complaints == "")
      #expect(result.output.contains("\npreset: dit-b"))
      #expect(try ditharos("validate", "-", in: folder, input: result.output).status == 0)
      #expect(try names(in: folder) == [])
    }
  }

  @Test(arguments: ["no", "null", "1e3", "a b", "-x"])
  func `any file name gives a spec that can be read`(_ name: String) async throws {
    try await withFolder { folder in
      let path = "\(folder)/\(name).yaml"
      let written = try ditharos("init", "-o", path)
      #expect(written.status == 0)
      let checked = try ditharos("validate", path)
      #expect(checked.status == 0)
    }
  }

  @Test func `an unknown preset is answered with the nearest and the list`() async throws {
    try await withFolder { folder in
      let result = try ditharos("init", "--preset", "dit-sx", in: folder)
      #expect(result.status == 64)
      #expect(result.complaints.contains("there is no preset `dit-sx`; did you mean `dit-s`?"))
      for preset in Self.presets { #expect(result.complaints.contains("`\(preset)`")) }
      #expect(try names(in: folder) == [])
    }
  }
}
