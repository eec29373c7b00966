import Foundation
import Media
import Testing

/// `run` with several samples: labels by name, files, order, batches, seeds.
@Suite struct SampleTests {
  private static let classNames =
    "{0: tench, 1: goldfish, 2: 'tabby, tabby cat', 3: tiger cat, 4: crane, 5: lynx, "
    + "7: 'crane, lifting crane', 8: Golden Retriever, 9: owl}"
  private static let named = tinySpec.replacingOccurrences(
    of: "{classes: 10, dropout: 0.1}", with: "{classes: 10, dropout: 0.1, names: \(classNames)}")

  private func run(
    _ arguments: String..., in folder: String, spec: String = named
  ) throws -> CommandResult {
    try spec.write(to: "\(folder)/tiny.yaml")
    let all = ["run", "tiny.yaml", "--weights", "random:0", "--steps", "2", "--progress", "none"]
    return try RunningCommand(all + arguments, folder: folder).result()
  }

  @Test(arguments: [
    ("2", "2"), ("tabby", "2"), ("Tabby Cat", "2"), ("tabby, tabby cat", "2"),
    ("golden_retriever", "8"), ("crane", "4"), ("lifting crane", "7"),
    ("crane, lifting crane", "7"),
  ])
  func `finds a class by its name`(name: String, number: String) async throws {
    try await withFolder { folder in
      for (label, file) in [(name, "a.safetensors"), (number, "b.safetensors")] {
        let result = try run("--label", label, "-o", file, in: folder)
        #expect(result.status == 0, "\(result.complaints)")
      }
      #expect(try bytes("\(folder)/a.safetensors") == bytes("\(folder)/b.safetensors"))
    }
  }

  @Test func `finds names in a file beside the spec and in the folder of the weights`() async throws
  {
    try await withFolder { folder in
      try "a\nb\nc\nd\ne\nf\ng\nh\ni\nowl\n".write(to: "\(folder)/names.txt")
      let spec = tinySpec.replacingOccurrences(
        of: "dropout: 0.1}", with: "dropout: 0.1, names_file: names.txt}")
      let result = try run("--label", "owl", "--count", "2", in: folder, spec: spec)
      #expect(result.complaints.contains("label 9 (owl)"))
      try #"{"id2label": {"0": "tench", "9": "owl, strix"}}"#.write(to: "\(folder)/names.txt")
      #expect(try run("--label", "strix", in: folder, spec: spec).status == 0)
      try "".write(to: "\(folder)/names.txt")
      let empty = try run("--label", "owl", in: folder, spec: spec)
      #expect(empty.status == 4 && empty.complaints.contains("names.txt` is empty"))
      #expect(empty.complaints.contains("tiny.yaml:9:"))
      let none = try run("--label", "owl", in: folder, spec: tinySpec)
      #expect(none.status == 4 && none.complaints.contains("names_file"))
    }
  }

  @Test func `writes a file for each sample in order, and a contact sheet`() async throws {
    try await withFolder { folder in
      let result = try run(
        "--label", "goldfish", "--label", "3,5", "--count", "2", "--seed", "7", "-o", "x.png",
        "--scale", "1", in: folder)
      #expect(result.status == 0)
      let files = (1...6).map { "x-\($0).png" }
      #expect(try names(in: folder) == ["tiny.yaml"] + files + ["x.png"])
      let lines = result.complaints.split(separator: "\n").filter { $0.hasPrefix("x") }
      let captions = [
        "label 1 (goldfish), seed 7", "label 1 (goldfish), seed 8", "label 3 (tiger cat), seed 9",
        "label 3 (tiger cat), seed 10", "label 5 (lynx), seed 11", "label 5 (lynx), seed 12",
      ]
      for (index, caption) in captions.enumerated() {
        #expect(lines[index].hasPrefix("x-\(index + 1).png: \(caption): a preview"))
      }
      #expect(lines[6].contains("a contact sheet of 6 samples in 2 rows of 3"))
      let sheet = try await Frames.read(path: "\(folder)/x.png")
      #expect(sheet.height == 17 && sheet.width == 26)
      let fifth = try await Frames.read(path: "\(folder)/x-5.png")
      let row = Array(sheet.pixels[(9 * 26 + 9) * 3..<(9 * 26 + 17) * 3])
      #expect(row == Array(fifth.pixels[..<24]))
    }
  }

  @Test func `a sample of many is the one made alone with its seed, in batches of any size`()
    async throws
  {
    try await withFolder { folder in
      func latents(_ arguments: String...) throws -> [Float] {
        let all = [
          "run", "tiny.yaml", "--weights", "random:0", "--steps", "3", "--guidance", "2", "-o",
          "l.safetensors",
        ]
        let result = try RunningCommand(all + arguments, folder: folder).result()
        #expect(result.status == 0, "\(result.complaints)")
        return try values("\(folder)/l.safetensors", "latent")
      }
      try Self.named.write(to: "\(folder)/tiny.yaml")
      let all = try latents("--label", "1,4,6", "--seed", "5")
      #expect(all.count == 3 * 256)
      for (index, label) in ["1", "4", "6"].enumerated() {
        #expect(
          try latents("--label", label, "--seed", "\(5 + index)")
            == Array(all[(index * 256)..<((index + 1) * 256)]))
      }
      for batch in ["2", "3", "8"] {
        #expect(try latents("--label", "1,4,6", "--seed", "5", "--batch", batch) == all)
      }
      let noise = (0..<768).map { Float(($0 * 37) % 101) / 50 - 1 }
      try write([("noise", [3, 4, 8, 8], noise)], to: "\(folder)/three.safetensors")
      try write([("noise", [4, 8, 8], Array(noise[256..<512]))], to: "\(folder)/one.safetensors")
      let three = try latents("--label", "1,4,6", "--noise", "three.safetensors", "--batch", "2")
      let one = try latents("--label", "4", "--noise", "one.safetensors")
      #expect(Array(three[256..<512]) == one)
    }
  }

  @Test func `guidance leads away from a negative label`() async throws {
    try await withFolder { folder in
      func latents(_ arguments: String...) throws -> [Float] {
        let all = [
          "run", "tiny.yaml", "--weights", "random:0", "--steps", "2", "--label", "1", "-o",
          "l.safetensors",
        ]
        #expect(try RunningCommand(all + arguments, folder: folder).result().status == 0)
        return try values("\(folder)/l.safetensors", "latent")
      }
      try Self.named.write(to: "\(folder)/tiny.yaml")
      let plain = try latents("--guidance", "3")
      #expect(try latents("--guidance", "3", "--negative-label", "10") == plain)
      let away = try latents("--guidance", "3", "--negative-label", "goldfish")
      #expect(away != plain)
      // From a class to itself there is no direction.
      let still = try latents("--guidance", "1")
      let largest = still.map(abs).max() ?? 1
      #expect(zip(away, still).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
      let useless = try run("--label", "1", "--negative-label", "2", in: folder)
      #expect(useless.status == 64 && useless.complaints.contains("without guidance"))
    }
  }

  @Test func `starts from a latent of a model without an autoencoder`() async throws {
    try await withFolder { folder in
      #expect(try run("--label", "1", "-o", "a.safetensors", in: folder).status == 0)
      let again = try run(
        "--label", "1", "--image", "a.safetensors", "--strength", "0.5", "-o", "b.safetensors",
        in: folder)
      #expect(again.status == 0, "\(again.complaints)")
      #expect(
        try values("\(folder)/a.safetensors", "latent")
          != values("\(folder)/b.safetensors", "latent"))
      let picture = try run("--label", "1", "--image", "a.png", in: folder)
      #expect(picture.status == 64)
      #expect(
        picture.complaints.contains("has no autoencoder") && picture.complaints.contains("latent"))
      try write([("latent", [4], [1, 2, 3, 4])], to: "\(folder)/c.safetensors")
      let small = try run("--label", "1", "--image", "c.safetensors", in: folder)
      #expect(small.status == 4 && small.complaints.contains("[4]"))
    }
  }

  @Test func `shows previews that change nothing and are gone in the end`() async throws {
    try await withFolder { folder in
      #expect(try run("--label", "1", "--steps", "5", "-o", "a.png", in: folder).status == 0)
      let shown = try run(
        "--label", "1", "--steps", "5", "--preview-every", "2", "-o", "b.png", in: folder)
      #expect(shown.status == 0)
      #expect(try bytes("\(folder)/a.png") == bytes("\(folder)/b.png"))
      #expect(try names(in: folder) == ["a.png", "b.png", "tiny.yaml"])
      let zero = try run("--label", "1", "--preview-every", "0", in: folder)
      #expect(zero.status == 64)
    }
  }

  @Test func `keeps what is finished when it is interrupted`() async throws {
    try await withFolder { folder in
      try Self.named.write(to: "\(folder)/tiny.yaml")
      let command = try RunningCommand(
        [
          "run", "tiny.yaml", "--label", "1", "--weights", "random:0", "--steps", "40", "--size",
          "128x128", "--count", "5", "--preview-every", "10", "-o", "x.png",
        ], folder: folder)
      while command.isRunning, !command.complaints.contains("\"step\":11,\"steps\":40,\"sample\":3")
      {
        usleep(1000)
      }
      for name in ["x-3.png", "x-preview.png"] {
        try "half".write(to: "\(folder)/.\(name).\(command.number).tmp")
      }
      command.send(SIGINT)
      let result = try command.result()
      #expect(result.status == 130)
      #expect(
        result.complaints.hasSuffix(
          "interrupted: 2 of 5 samples are written, up to x-2.png; the rest is not\n"))
      #expect(try names(in: folder) == ["tiny.yaml", "x-1.png", "x-2.png", "x-preview.png"])
    }
  }

  static let refusals: [RunRefusal] = [
    RunRefusal(arguments: ["--label", "tabyb"], words: ["tabyb", "did you mean `tabby`?"]),
    RunRefusal(arguments: ["--label", "xyzzy"], words: ["xyzzy", "`tench`"]),
    RunRefusal(arguments: ["--label", "11"], words: ["label 11", "0 to 9, or 10 for none"]),
    RunRefusal(arguments: ["--label", "-1"], words: ["label -1"]),
    RunRefusal(arguments: ["--label", "1,99,3"], words: ["label 99"]),
    RunRefusal(
      arguments: ["--label", "1", "--negative-label", "99", "--guidance", "2"], words: ["99"]),
    RunRefusal(arguments: [], words: ["needs a label"]),
    RunRefusal(arguments: ["--label", "1", "--count", "0"], status: 64, words: ["0 samples"]),
    RunRefusal(
      arguments: ["--label", "1,2", "--count", "1000"], status: 64,
      words: ["1000 samples of 2 labels", "1024"]),
    RunRefusal(
      arguments: ["--label", "1", "--count", "9223372036854775807"], status: 64,
      words: ["1024"]),
    RunRefusal(arguments: ["--label", "1", "--batch", "0"], status: 64, words: ["0 samples"]),
    RunRefusal(arguments: ["--label", "1", "--size", "7x7"], status: 64, words: ["7x7"]),
    RunRefusal(
      arguments: ["--label", "1", "--strength", "0.5"], status: 64, words: ["--strength"]),
    RunRefusal(
      arguments: ["--label", "1", "--image", "noise.safetensors", "--strength", "2"], status: 64,
      words: ["strength 2"]),
    RunRefusal(
      arguments: ["--label", "1", "--noise", "noise.safetensors", "--count", "2"],
      words: ["[3,4,8,8]", "[2,4,8,8]"]),
    RunRefusal(
      arguments: ["--label", "1", "--noise", "nan.safetensors"], words: ["nan", "not finite"]),
    RunRefusal(
      arguments: ["--label", "1", "--noise", "cut.safetensors"], words: ["cut.safetensors"]),
    RunRefusal(
      arguments: ["--label", "1", "--count", "2", "-o", "taken.png"],
      words: ["taken-2.png", "is a folder"]),
  ]

  @Test(arguments: refusals)
  func `refuses in words and writes nothing`(refusal: RunRefusal) async throws {
    try await withFolder { folder in
      try Self.named.write(to: "\(folder)/tiny.yaml")
      let zeros = [Float](repeating: 0, count: 768)
      try write([("noise", [3, 4, 8, 8], zeros)], to: "\(folder)/noise.safetensors")
      try write(
        [("noise", [4, 8, 8], [.nan] + zeros[1..<256])], to: "\(folder)/nan.safetensors")
      try bytes("\(folder)/noise.safetensors").prefix(200).write(
        to: URL(fileURLWithPath: "\(folder)/cut.safetensors"))
      try FileManager.default.createDirectory(
        atPath: "\(folder)/taken-2.png", withIntermediateDirectories: false)
      let before = try names(in: folder)
      let result = try RunningCommand(
        ["run", "tiny.yaml", "--weights", "random:0", "--steps", "2"] + refusal.arguments,
        folder: folder
      ).result()
      #expect(result.status == refusal.status, "\(result.complaints)")
      for word in refusal.words {
        #expect(result.complaints.contains(word), "\(result.complaints)")
      }
      #expect(try names(in: folder) == before)
    }
  }
}
