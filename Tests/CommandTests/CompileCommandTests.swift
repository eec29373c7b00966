import Foundation
import Media
import Tensors
import Testing
import Weights

/// `compile`, and every command on what it makes.
@Suite struct CompileCommandTests {
  private let run = ["--label", "3", "--steps", "3", "--seed", "7", "--progress", "none"]

  /// A folder with the tiny model as spec and as compiled model.
  private func withCompiled<Result>(
    _ body: (String) async throws -> Result
  ) async throws -> Result {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let result = try ditharos(
        "compile", "tiny.yaml", "--weights", "random:0", "-o", "tiny.ditc", in: folder)
      #expect(result.status == 0 && result.output == "", "\(result.complaints)")
      #expect(result.complaints.contains("tiny.ditc: tiny, "))
      #expect(try names(in: folder) == ["tiny.ditc", "tiny.yaml"])
      return try await body(folder)
    }
  }

  private func latent(_ arguments: [String], in folder: String) throws -> [Float] {
    let result = try RunningCommand(
      ["run"] + arguments + run + ["-o", "out.safetensors"], folder: folder
    ).result()
    #expect(result.status == 0, "\(result.complaints)")
    return try values("\(folder)/out.safetensors", "latent")
  }

  @Test func `runs to the same numbers as the spec and its weights`() async throws {
    try await withCompiled { folder in
      for more in [[], ["--guidance", "3"], ["--size", "4x12"], ["--threads", "2"]] {
        let expected = try latent(["tiny.yaml", "--weights", "random:0"] + more, in: folder)
        #expect(try latent(["tiny.ditc"] + more, in: folder) == expected)
        #expect(try latent(["tiny.yaml", "--weights", "tiny.ditc"] + more, in: folder) == expected)
      }
      let other = try latent(["tiny.yaml", "--weights", "random:1"], in: folder)
      #expect(try latent(["tiny.ditc", "--weights", "random:1"], in: folder) == other)
    }
  }

  @Test(arguments: ["none", "all"])
  func `evaluates to the same numbers`(passes: String) async throws {
    try await withCompiled { folder in
      try write(
        [
          ("latent", [1, 4, 8, 8], (0..<256).map { Float($0) / 256 }), ("timestep", [1], [500]),
          ("label", [1], [2]),
        ], to: "\(folder)/in.safetensors")
      var results: [Data] = []
      for model in [["tiny.yaml", "--weights", "random:0"], ["tiny.ditc"]] {
        let result = try RunningCommand(
          ["eval"] + model + [
            "--passes", passes, "--inputs", "in.safetensors", "--outputs", "out.safetensors",
          ], folder: folder
        ).result()
        #expect(result.status == 0, "\(result.complaints)")
        results.append(try bytes("\(folder)/out.safetensors"))
      }
      #expect(results[0] == results[1])
    }
  }

  @Test func `takes the place of the spec`() async throws {
    try await withCompiled { folder in
      for command in ["plan", "expand"] {
        let spec = try ditharos(command, "tiny.yaml", in: folder)
        let compiled = try ditharos(command, "tiny.ditc", in: folder)
        #expect(compiled.status == 0 && compiled.output == spec.output)
      }
      let difference = try ditharos(
        "diff", "tiny.yaml", "tiny.ditc", "--format", "json", in: folder)
      #expect(try difference.json()["class"].text == "none")
    }
  }

  @Test func `holds the values that stand in the spec`() async throws {
    try await withFolder { folder in
      let example = shipped("sora-by-hand")
      #expect(try ditharos("compile", example, "-o", "sora.ditc", in: folder).status == 0)
      #expect(try ditharos("run", "sora.ditc", "-o", "sky.safetensors", in: folder).status == 0)
      #expect(try values("\(folder)/sky.safetensors", "latent") == [1, 2, 0, 2, 3, 3, 3, 2])
      let trace = try ditharos("trace", "sora.ditc", in: folder)
      let expected = try ditharos("trace", example)
      #expect(trace.status == 0)
      #expect(trace.output == expected.output)
    }
  }

  @Test func `is made again from itself, to the same bytes`() async throws {
    try await withCompiled { folder in
      let original = try bytes("\(folder)/tiny.ditc")
      let again = try ditharos("compile", "tiny.ditc", "-o", "again.ditc", in: folder)
      #expect(again.status == 0)
      let copy = try bytes("\(folder)/again.ditc")
      #expect(copy == original)
      // Over the file that is read.
      let over = try ditharos("compile", "tiny.ditc", "-o", "tiny.ditc", in: folder)
      #expect(over.status == 0)
      let rewritten = try bytes("\(folder)/tiny.ditc")
      #expect(rewritten == original)
    }
  }

  @Test func `shows problems in the text that it holds`() async throws {
    try await withCompiled { folder in
      let result = try ditharos("run", "tiny.ditc", "-o", "x.png", in: folder)
      #expect(result.status == 4)
      #expect(result.complaints.hasPrefix("tiny.ditc:"))
      #expect(result.complaints.contains("error: `tiny` needs a label [run.label-missing]"))
      #expect(
        result.complaints.contains(" | conditioning:") || result.complaints.contains("label:"))
    }
  }

  @Test func `is verified to the last byte`() async throws {
    try await withCompiled { folder in
      let path = "\(folder)/tiny.ditc"
      let whole = try ditharos("compile", "--verify", path)
      #expect(whole.status == 0 && whole.complaints.contains("every byte as written"))
      var data = try bytes(path)
      data[data.count / 2] ^= 1
      try data.write(to: URL(fileURLWithPath: path))
      let damaged = try ditharos("compile", "--verify", path)
      #expect(damaged.status == 4)
      #expect(damaged.complaints.contains("1 weight of"))
      #expect(damaged.complaints.contains("[ditc.damage]"))
      #expect(damaged.complaints.contains("help: make it again"))
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (Data) -> Data
    var word: String
  }

  private static let refusals = [
    Refusal(testDescription: "empty", change: { _ in Data() }, word: "is no compiled model"),
    Refusal(testDescription: "half", change: { $0.prefix($0.count / 2) }, word: "is cut short"),
    Refusal(testDescription: "longer", change: { $0 + [0] }, word: "more than the"),
    Refusal(
      testDescription: "later", change: { $0.prefix(8) + [2, 0, 0, 0] + $0.dropFirst(12) },
      word: "version 2 of the format"),
    Refusal(
      testDescription: "damaged", change: { $0.prefix(100) + [0] + $0.dropFirst(101) },
      word: "is damaged"),
    Refusal(
      testDescription: "text", change: { _ in Data("ditharos: 1\n".utf8) },
      word: "is no compiled model"),
  ]

  @Test(arguments: refusals)
  func `is refused with what is wrong`(refusal: Refusal) async throws {
    try await withCompiled { folder in
      let path = "\(folder)/tiny.ditc"
      try refusal.change(try bytes(path)).write(to: URL(fileURLWithPath: path))
      for arguments in [
        ["run", "tiny.ditc"] + run, ["run", "tiny.yaml", "--weights", "tiny.ditc"] + run,
        ["plan", "tiny.ditc"], ["compile", "--verify", "tiny.ditc"],
      ] {
        let result = try RunningCommand(arguments, folder: folder).result()
        #expect(result.status == 4, "\(arguments)")
        #expect(result.complaints.contains("error: `tiny.ditc` "), "\(result.complaints)")
        #expect(result.complaints.contains(refusal.word), "\(result.complaints)")
      }
      #expect(try names(in: folder) == ["tiny.ditc", "tiny.yaml"])
    }
  }

  @Test func `is refused for another model`() async throws {
    try await withCompiled { folder in
      try tinySpec.replacingOccurrences(of: "depth: 2", with: "depth: 3")
        .write(to: "\(folder)/deep.yaml")
      let result = try RunningCommand(
        ["run", "deep.yaml", "--weights", "tiny.ditc"] + run, folder: folder
      ).result()
      #expect(result.status == 4)
      #expect(result.complaints.contains("was compiled from another model"))
      #expect(result.complaints.contains("[weights.fit]"))
    }
  }

  @Test func `writes the weights alone, whole or rounded`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      for precision in ["f32", "bf16"] {
        let result = try ditharos(
          "compile", "tiny.yaml", "--weights", "random:0", "--precision", precision, "-o",
          "\(precision).safetensors", in: folder)
        #expect(result.status == 0, "\(result.complaints)")
        #expect(result.complaints.contains("parameter tensors in \(precision), "))
      }
      let expected = try latent(["tiny.yaml", "--weights", "random:0"], in: folder)
      #expect(try latent(["tiny.yaml", "--weights", "f32.safetensors"], in: folder) == expected)
      let exact = try SafetensorsFile(path: "\(folder)/f32.safetensors")
      let rounded = try SafetensorsFile(path: "\(folder)/bf16.safetensors")
      #expect(exact.tensors.map(\.name) == rounded.tensors.map(\.name))
      for (own, other) in zip(exact.tensors, rounded.tensors) {
        #expect(other.dtype == .bf16 && other.dimensions == own.dimensions)
        own.withFloats { values in
          other.withFloats { roundedValues in
            // Half a unit in the last of eight binary digits.
            #expect(zip(values, roundedValues).allSatisfy { abs($0 - $1) <= abs($0) / 256 })
          }
        }
      }
    }
  }

  @Test func `says what is wrong with its arguments`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      func compile(_ arguments: String...) throws -> CommandResult {
        try RunningCommand(["compile"] + arguments, folder: folder).result()
      }
      let unnamed = try compile("tiny.yaml", "--weights", "random:0")
      #expect(unnamed.status == 64 && unnamed.complaints.contains("add -o model.ditc"))
      let other = try compile("tiny.yaml", "--weights", "random:0", "-o", "x.bin")
      #expect(other.status == 64 && other.complaints.contains("ends in neither .ditc nor"))
      let missing = try compile("tiny.yaml", "--weights", "random:0", "-o", "no/x.ditc")
      #expect(missing.status == 4 && missing.complaints.contains("does not exist"))
      let weightless = try compile("tiny.yaml", "-o", "x.ditc")
      #expect(weightless.status == 4 && weightless.complaints.contains("[weights.missing]"))
      let both = try compile("--verify", "tiny.yaml", "-o", "x.ditc")
      #expect(both.status == 64)
      #expect(try names(in: folder) == ["tiny.yaml"])
    }
  }

  @Test func `leaves nothing where the disk is full`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let result = try RunningCommand(
        ["compile", "tiny.yaml", "--weights", "random:0", "-o", "tiny.ditc"], folder: folder,
        fileBlockLimit: 16
      ).result()
      #expect(result.status == 4)
      #expect(result.complaints.contains("tiny.ditc: cannot be written"))
      #expect(try names(in: folder) == ["tiny.yaml"])
    }
  }

  @Test func `leaves nothing when interrupted`() async throws {
    try await withFolder { folder in
      let command = try RunningCommand(
        ["compile", shipped("dit-b-4"), "--weights", "random:0", "-o", "b.ditc"], folder: folder)
      while command.isRunning, try names(in: folder).isEmpty { usleep(1000) }
      command.send(SIGINT)
      #expect(try command.result().status == 130)
      #expect(try names(in: folder) == [])
    }
  }
}
