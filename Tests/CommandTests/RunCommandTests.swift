import Foundation
import Media
import Testing

/// `run`: what it writes, and what it refuses.
@Suite struct RunCommandTests {
  private let example = shipped("sora-by-hand")

  /// Levels of pixels in [0, 2]: 0, 1 and 2.
  private func levels(_ values: [UInt8]) -> [UInt8] { values.map { [0, 128, 255][Int($0)] } }

  @Test func `writes the frames of step 13`() async throws {
    try await withFolder { folder in
      let path = "\(folder)/sky.webp"
      let result = try ditharos(
        "run", example, "--prompt", "Sora is sky", "--scale", "1", "-o", path)
      #expect(result.status == 0)
      #expect(result.output == "")
      let frames = try await Frames.read(path: path).converted(toChannels: 1)
      #expect(frames.count == 4)
      #expect(
        frames.pixels == levels([1, 1, 0, 1, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 0, 2]))
      #expect(try names(in: folder) == ["sky.webp"])
    }
  }

  @Test func `writes the latent of step 11`() async throws {
    try await withFolder { folder in
      let path = "\(folder)/sky.safetensors"
      let result = try ditharos("run", example, "-o", path)
      #expect(result.status == 0)
      #expect(try values(path, "latent") == [1, 2, 0, 2, 3, 3, 3, 2])
    }
  }

  @Test func `writes the same frames in bf16, whose numbers are as small`() async throws {
    try await withFolder { folder in
      let path = "\(folder)/sky.safetensors"
      let result = try ditharos("run", example, "--precision", "bf16", "-o", path)
      #expect(result.status == 0)
      #expect(try values(path, "latent") == [1, 2, 0, 2, 3, 3, 3, 2])
    }
  }

  @Test(arguments: ["png", "webp", "mp4", "gif", "mov"])
  func `writes a file that can be read back`(kind: String) async throws {
    if ["mp4", "gif", "mov"].contains(kind), await !ffmpegIsInstalled() { return }
    try await withFolder { folder in
      let path = "\(folder)/sky.\(kind)"
      #expect(try ditharos("run", example, "-o", path).status == 0)
      let frames = try await Frames.read(path: path)
      #expect(frames.count == (kind == "png" ? 1 : 4))
      #expect(frames.height == 128)
      #expect(try names(in: folder) == ["sky.\(kind)"])
    }
  }

  @Test func `gives the same bytes every time and with any number of threads`() async throws {
    try await withFolder { folder in
      let spec = "\(folder)/tiny.yaml"
      try tinySpec.write(to: spec)
      var results: [Data] = []
      for threads in ["1", "1", "2", "3"] {
        let path = "\(folder)/\(results.count).safetensors"
        let result = try ditharos(
          "run", spec, "--label", "3", "--weights", "random:0", "--steps", "4", "--guidance", "3",
          "--seed", "7", "--threads", threads, "-o", path)
        #expect(result.status == 0)
        results.append(try bytes(path))
      }
      #expect(results.allSatisfy { $0 == results[0] && !$0.isEmpty })
      let other = "\(folder)/other.safetensors"
      #expect(
        try ditharos(
          "run", spec, "--label", "3", "--weights", "random:0", "--steps", "4", "--guidance", "3",
          "--seed", "8", "-o", other
        ).status == 0)
      #expect(try bytes(other) != results[0])
    }
  }

  @Test func `shows the latent of a model without an autoencoder and says so`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let result = try ditharos(
        "run", "tiny.yaml", "--label", "3", "--weights", "random:0", "--steps", "2", "--size",
        "4x12", "-o", "tiny.png", in: folder)
      #expect(result.status == 0)
      #expect(result.complaints.contains("a preview of the latent"))
      let picture = try await Frames.read(path: "\(folder)/tiny.png")
      #expect(picture.height * 3 == picture.width)
    }
  }

  @Test func `reports each step as a line of JSON where nobody watches`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let result = try ditharos(
        "run", "tiny.yaml", "--label", "3", "--weights", "random:0", "--steps", "3", in: folder)
      let lines = result.complaints.split(separator: "\n").filter { $0.hasPrefix("{") }
      let steps = try lines.map { try JSON(String($0)) }
      #expect(steps.map { $0["step"] } == [0, 1, 2, 3])
      #expect(steps.allSatisfy { $0["steps"] == 3 })
      #expect(steps[0]["setup_seconds"].double != nil)
      #expect(steps.dropFirst().allSatisfy { $0["seconds_left"].double != nil })
      #expect(result.complaints.contains("3 steps, the first after "))
      #expect(try names(in: folder) == ["out.webp", "tiny.yaml"])
      let quiet = try ditharos(
        "run", "tiny.yaml", "--label", "3", "--weights", "random:0", "--steps", "3",
        "--progress", "none", in: folder)
      #expect(!quiet.complaints.contains("{"))
    }
  }

  @Test func `takes another sampler, and the noise of its steps from a file`() async throws {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      let count = 4 * 8 * 8
      func numbers(_ factor: Int) -> [Float] {
        (0..<count).map { Float(($0 * factor) % 19) / 9 - 1 }
      }
      try write(
        [
          ("noise", [1, 4, 8, 8], numbers(7)),
          ("step_noise", [3, 1, 4, 8, 8], numbers(5) + numbers(11) + numbers(13)),
        ], to: "\(folder)/noise.safetensors")
      func latent(_ options: String...) throws -> [Float] {
        let result = try RunningCommand(
          [
            "run", "tiny.yaml", "--label", "3", "--weights", "random:0", "--steps", "3", "-o",
            "x.safetensors",
          ] + options, folder: folder
        ).result()
        #expect(result.status == 0, "\(result.complaints)")
        return try values("\(folder)/x.safetensors", "latent")
      }
      var results = try ["ddim", "ddpm", "dpm_solver"].map { try latent("--sampler", $0) }
      results.append(try latent("--sampler", "ddpm", "--seed", "1"))
      results.append(try latent("--sampler", "ddpm", "--noise", "noise.safetensors"))
      #expect(try results[0] == latent())
      #expect(Set(results).count == results.count)
      let refused = try ditharos(
        "run", "tiny.yaml", "--label", "3", "--weights", "random:0", "--noise",
        "noise.safetensors", in: folder)
      #expect(refused.status == 4)
      #expect(refused.complaints.contains("sampler ddim adds none"))
    }
  }

  @Test func `takes a class by its name`() async throws {
    try await withFolder { folder in
      try tinySpec.replacing(
        "{classes: 10, dropout: 0.1}",
        with: "{classes: 10, names: {3: 'golden retriever, Goldie', 4: \"crane\", 5: crane}}"
      ).write(to: "\(folder)/named.yaml")
      func run(_ label: String) throws -> CommandResult {
        try ditharos(
          "run", "named.yaml", "--label", label, "--weights", "random:0", "--steps", "2", "-o",
          "x.safetensors", in: folder)
      }
      func latent(_ label: String) throws -> [Float] {
        #expect(try run(label).status == 0)
        return try values("\(folder)/x.safetensors", "latent")
      }
      let third = try latent("3")
      for name in ["golden retriever", "GOLDIE", "Golden Retriever, goldie"] {
        #expect(try latent(name) == third)
      }
      #expect(try latent("4") != third)
      let unknown = try run("golden retrevier")
      #expect(unknown.status == 4)
      #expect(unknown.complaints.contains("did you mean `golden retriever`?"))
      let ambiguous = try run("crane")
      #expect(ambiguous.status == 4)
      #expect(ambiguous.complaints.contains("use the number: `4` or `5`"))
      #expect(try run("-1").complaints.contains("label -1 is no class"))
    }
  }

  static let refusals: [RunRefusal] = [
    RunRefusal(
      arguments: ["--prompt", "sora is green"], words: ["green", "`sora`, `is` and `sky`"]),
    RunRefusal(arguments: ["--label", "1"], words: ["reads no label", "--prompt"]),
    RunRefusal(arguments: ["-o", "missing/x.webp"], words: ["missing", "mkdir -p missing"]),
    RunRefusal(arguments: ["-o", "folder"], words: ["is a folder"]),
    RunRefusal(arguments: ["-o", "x.foo"], words: ["x.foo", ".webp", ".safetensors"]),
    RunRefusal(arguments: ["-o", "sora/x.webp"], words: ["sora/x.webp"]),
    RunRefusal(arguments: ["--noise", "missing.safetensors"], words: ["missing.safetensors"]),
    RunRefusal(arguments: ["--noise", "big.safetensors"], words: ["[1,3]", "[1,2,4,1,1]"]),
    RunRefusal(arguments: ["--video", "missing.webp"], words: ["missing.webp"]),
    RunRefusal(arguments: ["--video", "text.png"], words: ["text.png", "not a PNG"]),
    RunRefusal(arguments: ["--video", "cut.webp"], words: ["cut.webp", "truncated"]),
    RunRefusal(arguments: ["--video", "empty.webp"], words: ["empty.webp", "empty"]),
    RunRefusal(arguments: ["--video", "folder"], words: ["holds no pictures"]),
    RunRefusal(arguments: ["--video", "text.txt"], words: ["text.txt", "unknown extension"]),
    RunRefusal(arguments: ["--image", "one.png"], words: ["1 frame", "4"]),
    RunRefusal(
      arguments: ["--video", "v.webp", "--strength", "0"], status: 64, words: ["strength"]),
    RunRefusal(
      arguments: ["--video", "v.webp", "--strength", "-0.5"], status: 64, words: ["strength"]),
    RunRefusal(arguments: ["--strength", "nan"], status: 64, words: ["strength nan"]),
    RunRefusal(arguments: ["--steps", "5"], status: 64, words: ["5 steps", "1 to 4"]),
    RunRefusal(arguments: ["--steps", "-1"], status: 64, words: ["-1 steps"]),
    RunRefusal(arguments: ["--guidance", "2"], status: 64, words: ["null condition"]),
    RunRefusal(arguments: ["--size", "3x3"], status: 64, words: ["3x3"]),
    RunRefusal(arguments: ["--frames", "0"], status: 64, words: ["0 frames"]),
    RunRefusal(arguments: ["--threads", "0"], status: 64, words: ["0 threads", "1 to 256"]),
    RunRefusal(arguments: ["--scale", "0"], status: 64, words: ["scale of 0"]),
    RunRefusal(arguments: ["--scale", "9223372036854775807"], status: 64, words: ["scale of 9"]),
    RunRefusal(arguments: ["--fps", "0"], status: 64, words: ["frames per second"]),
    RunRefusal(arguments: ["--seed", "-1"], status: 64, words: ["'-1'", "--seed"]),
    RunRefusal(
      arguments: ["--seed", "1", "--noise", "big.safetensors"], status: 64,
      words: ["--seed and --noise"]),
    RunRefusal(arguments: ["--weights", "random:x"], status: 64, words: ["random:x"]),
    RunRefusal(arguments: ["--bogus"], status: 64, words: ["--bogus"]),
  ]

  @Test(arguments: refusals)
  func `refuses in words and writes nothing`(refusal: RunRefusal) async throws {
    try await withFolder { folder in
      try "ditharos: 1".write(to: "\(folder)/text.png")
      try "ditharos: 1".write(to: "\(folder)/text.txt")
      try "".write(to: "\(folder)/empty.webp")
      try "sora".write(to: "\(folder)/sora")
      try FileManager.default.createDirectory(
        atPath: "\(folder)/folder", withIntermediateDirectories: false)
      let video = try #require(
        Frames(count: 4, height: 2, width: 2, channels: 1, pixels: [UInt8](repeating: 9, count: 16))
      )
      try await video.write(to: "\(folder)/v.webp")
      try await video.frame(0).write(to: "\(folder)/one.png")
      try bytes("\(folder)/v.webp").prefix(60).write(
        to: URL(fileURLWithPath: "\(folder)/cut.webp"))
      try write([("noise", [1, 3], [0, 0, 0])], to: "\(folder)/big.safetensors")
      let before = try names(in: folder)
      let result = try RunningCommand(
        ["run", example] + refusal.arguments, folder: folder
      ).result()
      #expect(result.status == refusal.status)
      #expect(result.output == "")
      for word in refusal.words { #expect(result.complaints.contains(word)) }
      #expect(try names(in: folder) == before)
    }
  }

  @Test func `names the words that a text encoder does not read, and goes on`() async throws {
    try await withFolder { folder in
      let spec = "\(folder)/words.yaml"
      try """
      ditharos: 1
      name: words
      latent: {channels: 2, height: 4, width: 4}
      patch_size: 2
      latent_dim: 8
      depth: 1
      heads: 2
      text_encoder: {width: 4, depth: 1, heads: 2, length: 3, vocabulary: [red, sky]}
      cross_attention: {heads: 2}
      conditioning: {prompt: {embedding: text_encoder, dropout: 0.1}, modulation: adaln_zero}
      diffusion: {steps: 2, guidance: 2}
      """.write(to: spec)
      let path = "\(folder)/out.safetensors"
      func run(_ prompt: String) throws -> CommandResult {
        try ditharos("run", spec, "--prompt", prompt, "--weights", "random:0", "-o", path)
      }
      let result = try run("a red sky red sky")
      #expect(result.status == 0)
      for part in [
        "`a`, is not in the vocabulary and is left out", "it is cut before `sky`",
        "prompt.unread-word", "prompt.cut",
      ] {
        #expect(result.complaints.contains(part), "\(part)")
      }
      let empty = try run("")
      #expect(empty.status == 0 && !empty.complaints.contains("warning"))
    }
  }

  @Test func `needs a prompt where the spec has no example`() async throws {
    try await withFolder { folder in
      let text = try String(contentsOfFile: example, encoding: .utf8)
        .replacingOccurrences(of: "  prompt: sora is sky\n", with: "")
      try text.write(to: "\(folder)/model.yaml")
      let result = try ditharos("run", "model.yaml", in: folder)
      #expect(result.status == 4)
      #expect(result.complaints.hasPrefix("model.yaml:"))
      #expect(result.complaints.contains("--prompt"))
    }
  }

  @Test func `names the package of a program that is missing`() async throws {
    try await withFolder { folder in
      let result = try ditharos(
        "run", example, "-o", "x.mp4", in: folder, environment: ["PATH": "/nonexistent"])
      #expect(result.status == 4)
      #expect(result.complaints.contains("apt-get install ffmpeg"))
      #expect(try names(in: folder) == [])
    }
  }

  @Test func `shows the problems of all checks at once`() async throws {
    try await withFolder { folder in
      let result = try ditharos(
        "run", example, "--prompt", "red", "--threads", "0", "-o", "no/x.webp", "--video",
        "no.webp", "--steps", "9", in: folder)
      // Wrong usage before unusable input.
      #expect(result.status == 64)
      for rule in ["usage.option", "file.media", "prompt.unknown-word", "options.steps"] {
        #expect(result.complaints.contains("[\(rule)]"))
      }
      #expect(result.complaints.components(separatedBy: "[file.media]").count == 3)
      let input = try ditharos("run", example, "--prompt", "red", "-o", "no/x.webp", in: folder)
      #expect(input.status == 4)
    }
  }
}
