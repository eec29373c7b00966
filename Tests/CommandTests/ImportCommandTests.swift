import Foundation
import Testing

@Suite struct ImportCommandTests {
  private let config = """
    {"_class_name": "DiTTransformer2DModel", "num_attention_heads": 3, "attention_head_dim": 8,
     "out_channels": 8, "num_layers": 2, "sample_size": 8, "num_embeds_ada_norm": 10}

    """

  @Test func `writes a spec that runs`() async throws {
    try await withFolder { folder in
      try config.write(to: "\(folder)/config.json")
      let written = try ditharos("import", ".", "-o", "dit.yaml", in: folder)
      #expect(written.status == 0, "\(written.complaints)")
      #expect(written.output == "")
      #expect(written.complaints.contains("ditharos run dit.yaml --label 9 "))
      let printed = try ditharos("import", "config.json", in: folder)
      #expect(try Data(printed.output.utf8) == bytes("\(folder)/dit.yaml"))
      #expect(try ditharos("validate", "dit.yaml", in: folder).status == 0)
      let run = try ditharos(
        "run", "dit.yaml", "--label", "3", "--weights", "random:0", "--steps", "2", "-o",
        "x.safetensors", in: folder)
      #expect(run.status == 0, "\(run.complaints)")
    }
  }

  @Test func `nothing is written where anything is wrong, nor over another file`() async throws {
    try await withFolder { folder in
      try config.replacing("10}", with: "10, \"norm_type\": \"layer_norm\"}")
        .write(to: "\(folder)/config.json")
      let refused = try ditharos("import", ".", "-o", "dit.yaml", in: folder)
      #expect(refused.status == 4)
      #expect(refused.complaints.hasPrefix("config.json:2:"))
      #expect(refused.complaints.contains("`norm_type` of DiTTransformer2DModel is `layer_norm`"))
      #expect(try names(in: folder) == ["config.json"])

      try config.write(to: "\(folder)/config.json")
      try "mine".write(to: "\(folder)/dit.yaml")
      let kept = try ditharos("import", ".", "-o", "dit.yaml", in: folder)
      #expect(kept.status == 4)
      #expect(kept.complaints.contains("[file.exists]"))
      #expect(try bytes("\(folder)/dit.yaml") == Data("mine".utf8))
      #expect(try ditharos("import", ".", "-o", "dit.yaml", "--force", in: folder).status == 0)
      #expect(try bytes("\(folder)/dit.yaml") != Data("mine".utf8))
      #expect(try ditharos("import", "none", in: folder).status == 4)
      #expect(try ditharos("import", in: folder).status == 64)
    }
  }
}
