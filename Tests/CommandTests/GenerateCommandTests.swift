import Foundation
import Testing

/// `generate [--check]`.
@Suite struct GenerateCommandTests {
  @Test func `writes files that it then finds current, and finds every difference`() async throws {
    try await withFolder { folder in
      let files = FileManager.default
      try files.createDirectory(atPath: "\(folder)/Specs", withIntermediateDirectories: false)
      try tinySpec.write(to: "\(folder)/Specs/tiny.yaml")
      let missing = try ditharos("generate", "--check", in: folder)
      #expect(missing.status == 1)
      #expect(missing.complaints.contains("Generated/tiny/plan.txt"))
      #expect(try names(in: folder) == ["Specs"])
      #expect(try ditharos("generate", in: folder).status == 0)
      #expect(try ditharos("generate", "--check", in: folder).status == 0)
      let written = try names(in: "\(folder)/Generated/tiny")
      #expect(written == ["fused.ir", "lowered.ir", "parameters.txt", "plan.txt"])
      try "more".write(to: "\(folder)/Generated/tiny/plan.txt")
      try files.removeItem(atPath: "\(folder)/Generated/tiny/fused.ir")
      try "stray".write(to: "\(folder)/Generated/stray.txt")
      let stale = try ditharos("generate", "--check", in: folder)
      #expect(stale.status == 1)
      for name in ["tiny/plan.txt", "tiny/fused.ir", "stray.txt"] {
        #expect(stale.complaints.contains("Generated/\(name)"))
      }
      #expect(!stale.complaints.contains("lowered.ir"))
      #expect(try ditharos("generate", in: folder).status == 0)
      #expect(try ditharos("generate", "--check", in: folder).status == 0)
      let rest = try names(in: "\(folder)/Generated")
      #expect(rest == ["ditharos.schema.json", "rules", "spec.md", "tiny"])
    }
  }

  @Test func `leaves alone what was measured of a spec's model, and nothing else`() async throws {
    try await withFolder { folder in
      let files = FileManager.default
      try files.createDirectory(atPath: "\(folder)/Specs", withIntermediateDirectories: false)
      try tinySpec.write(to: "\(folder)/Specs/tiny.yaml")
      #expect(try ditharos("generate", in: folder).status == 0)
      try files.createDirectory(
        atPath: "\(folder)/Generated/gone", withIntermediateDirectories: false)
      for name in ["tiny/evaluation.json", "tiny/held-out.webp"] {
        try "measured".write(to: "\(folder)/Generated/\(name)")
      }
      #expect(try ditharos("generate", "--check", in: folder).status == 0)
      for name in ["gone/evaluation.json", "evaluation.json", "tiny/notes.txt"] {
        try "stray".write(to: "\(folder)/Generated/\(name)")
        let stale = try ditharos("generate", "--check", in: folder)
        #expect(stale.status == 1 && stale.complaints.contains("Generated/\(name)"))
      }
      #expect(try ditharos("generate", in: folder).status == 0)
      let rest = try names(in: "\(folder)/Generated/tiny")
      #expect(rest.contains("evaluation.json") && rest.contains("held-out.webp"))
      #expect(!rest.contains("notes.txt"))
    }
  }

  @Test func `needs the project's folder and right specs`() async throws {
    try await withFolder { folder in
      #expect(try ditharos("generate", in: folder).status == 4)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/Specs", withIntermediateDirectories: false)
      try "ditharos: 1\nnope: 1\n".write(to: "\(folder)/Specs/bad.yaml")
      try "ditharos: 1\nnope: 2\n".write(to: "\(folder)/Specs/worse.yaml")
      let result = try ditharos("generate", in: folder)
      #expect(result.status == 1)
      #expect(result.complaints.contains("Specs/bad.yaml"))
      #expect(result.complaints.contains("Specs/worse.yaml"))
      #expect(try names(in: folder) == ["Specs"])
    }
  }
}
