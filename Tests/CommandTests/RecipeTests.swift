import Foundation
import Media
import Testing

/// `run --like`: pictures made again, and files that say anything.
@Suite struct RecipeTests {
  private func run(_ arguments: String..., in folder: String) throws -> CommandResult {
    try RunningCommand(["run", "--progress", "none"] + arguments, folder: folder).result()
  }

  private func withTiny<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    try await withFolder { folder in
      try tinySpec.write(to: "\(folder)/tiny.yaml")
      return try await body(folder)
    }
  }

  @Test(arguments: ["png", "webp", "safetensors"])
  func `makes every sample of a run again to the same bytes`(kind: String) async throws {
    try await withTiny { folder in
      let first = try run(
        "tiny.yaml", "--weights", "random:3", "--label", "1,7", "--count", "2", "--steps", "3",
        "--guidance", "2.5", "--negative-label", "4", "--seed", "18446744073709551615", "--size",
        "4x12", "--sampler", "ddpm", "--batch", "3", "-o", "x.\(kind)", in: folder)
      #expect(first.status == 0, "\(first.complaints)")
      for index in 1...4 {
        let again = try run("--like", "x-\(index).\(kind)", in: folder)
        #expect(again.status == 0 && !again.complaints.contains("warning"), "\(again.complaints)")
        #expect(
          try bytes("\(folder)/x-\(index)-again.\(kind)") == bytes("\(folder)/x-\(index).\(kind)"))
      }
    }
  }

  @Test func `makes again what started from files`() async throws {
    try await withTiny { folder in
      let noise = (0..<512).map { Float(($0 * 37) % 101) / 50 - 1 }
      try write([("noise", [2, 4, 8, 8], noise)], to: "\(folder)/n.safetensors")
      try write([("latent", [2, 4, 8, 8], noise.reversed())], to: "\(folder)/l.safetensors")
      let first = try run(
        "tiny.yaml", "--weights", "random:3", "--label", "2", "--count", "2", "--steps", "4",
        "--noise", "n.safetensors", "--image", "l.safetensors", "--strength", "0.5", "-o", "x.png",
        in: folder)
      #expect(first.status == 0, "\(first.complaints)")
      for index in 1...2 {
        let again = try run("--like", "x-\(index).png", "-o", "y.png", in: folder)
        #expect(again.status == 0 && !again.complaints.contains("warning"), "\(again.complaints)")
        #expect(try bytes("\(folder)/y.png") == bytes("\(folder)/x-\(index).png"))
      }
      try write([("noise", [4, 8, 8], Array(noise[..<256]))], to: "\(folder)/n.safetensors")
      let other = try run("--like", "x-1.png", "-o", "y.png", in: folder)
      #expect(other.status == 0 && other.complaints.contains("[run.recipe-differs]"))
    }
  }

  @Test func `makes the worked example again, from its own noise and video`() async throws {
    try await withFolder { folder in
      #expect(try run(shipped("sora-by-hand"), "-o", "sky.webp", in: folder).status == 0)
      #expect(try run("--like", "sky.webp", in: folder).status == 0)
      #expect(try bytes("\(folder)/sky-again.webp") == bytes("\(folder)/sky.webp"))
      let next = try run(
        shipped("sora-by-hand"), "--video", "sky.webp", "--strength", "0.5", "--steps", "4",
        "--prompt", "sky is sora", "-o", "next.webp", in: folder)
      #expect(next.status == 0)
      #expect(try run("--like", "next.webp", in: folder).status == 0)
      #expect(try bytes("\(folder)/next-again.webp") == bytes("\(folder)/next.webp"))
    }
  }

  @Test func `options given beside it win, and what differs is said`() async throws {
    try await withTiny { folder in
      #expect(
        try run(
          "tiny.yaml", "--weights", "random:3", "--label", "2", "--steps", "2", "-o", "x.png",
          in: folder
        ).status == 0)
      #expect(try run("--like", "x.png", "--label", "5", "-o", "y.png", in: folder).status == 0)
      #expect(
        try run(
          "tiny.yaml", "--weights", "random:3", "--label", "5", "--steps", "2", "-o", "z.png",
          in: folder
        ).status == 0)
      #expect(try bytes("\(folder)/y.png") == bytes("\(folder)/z.png"))
      let several = try run("--like", "x.png", "--count", "2", "-o", "w.png", in: folder)
      #expect(several.status == 0)
      #expect(try bytes("\(folder)/w-1.png") == bytes("\(folder)/x.png"))

      let portable = try RunningCommand(
        ["run", "--like", "x.png", "-o", "p.png"], folder: folder,
        environment: ["DITHAROS_ISA": "portable"]
      ).result()
      #expect(portable.status == 0)
      let text = try String(decoding: bytes("\(folder)/x.png"), as: UTF8.self)
      let isPortable = text.contains("\"kernels\":\"portable\"")
      #expect(portable.complaints.contains("the kernels are portable here") != isPortable)
      try tinySpec.replacingOccurrences(of: "heads: 3", with: "heads: 6")
        .write(to: "\(folder)/tiny.yaml")
      let changed = try run("--like", "x.png", "-o", "q.png", in: folder)
      #expect(changed.status == 0)
      #expect(changed.complaints.contains("warning: the spec has the checksum"))
    }
  }

  @Test func `a file without a recipe, and one that says nonsense, are refused`() async throws {
    try await withTiny { folder in
      #expect(
        try run(
          "tiny.yaml", "--weights", "random:3", "--label", "2", "--steps", "2", "-o",
          "x.safetensors", in: folder
        ).status == 0)
      let stored = try storedRecipe(in: "\(folder)/x.safetensors")
      let recipe = try #require(stored)
      let frames = try #require(
        Frames(count: 1, height: 2, width: 2, channels: 1, pixels: [1, 2, 3, 4]))
      func changed(_ old: String, _ new: String) -> String {
        recipe.replacingOccurrences(of: old, with: new)
      }
      let texts: [(text: String?, words: String)] = [
        (nil, "does not say how it was made"), ("", "cannot be used"), ("{}", "form"),
        ("[1]", "no object"), (String(repeating: "[", count: 60000), "cannot be used"),
        (changed("\"ditharos\"", "\"other\""), "form"), (changed("\"1.0\"", "\"2.0\""), "form"),
        (changed("\"steps\":2", "\"steps\":0"), "`steps` is no whole number"),
        (changed("\"steps\":2", "\"steps\":1e5"), "`steps`"),
        (changed("\"steps\":2", "\"steps\":2,\"steps\":3"), "cannot be used"),
        (changed("\"scale\":16", "\"scale\":1000000"), "`scale`"),
        (changed("\"height\":8", "\"height\":9223372036854775808"), "`height`"),
        (changed("\"seed\":\"0\"", "\"seed\":\"-1\""), "`seed`"),
        (changed("\"model\":\"tiny\"", "\"model\":\"\\u001b[2J\""), "control characters"),
        (changed("\"path\":\"tiny.yaml\"", "\"path\":\"a\\u0000b\""), "control characters"),
        (changed("\"sampler\":\"ddim\"", "\"sampler\":\"x\""), "`sampler`"),
        (changed("\"precision\":\"f32\"", "\"precision\":7"), "`precision`"),
        (changed("\"strength\":1", "\"strength\":2"), "`strength`"),
        (changed("\"noise\":\"seed\"", "\"noise\":\"x\""), "`noise`"),
        (changed("\"path\":\"random:3\"", "\"path\":\"\""), "no path"),
        (changed("xxh64:", "md5:"), "checksum"),
        (changed("\"path\":\"tiny.yaml\"", "\"path\":\"gone.yaml\""), "gone.yaml"),
      ]
      for (text, words) in texts {
        try await frames.write(to: "\(folder)/h.png", text: text)
        let before = try names(in: folder)
        let result = try run("--like", "h.png", in: folder)
        #expect(result.status == 4, "\(text ?? "-"): \(result.complaints)")
        #expect(result.complaints.contains(words), "\(words): \(result.complaints)")
        #expect(!result.complaints.contains("\u{1B}"))
        #expect(try names(in: folder) == before)
      }
      #expect(try run("--like", "missing.png", in: folder).status == 4)
      #expect(try run("--like", "tiny.yaml", in: folder).status == 4)
      let none = try run(in: folder)
      #expect(none.status == 64 && none.complaints.contains("--like"))
    }
  }

  /// The recipe in a safetensors file, from its header.
  private func storedRecipe(in path: String) throws -> String? {
    let data = try bytes(path)
    let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let header = try JSON(String(decoding: data[8..<8 + length], as: UTF8.self))
    if case .string(let text) = header["__metadata__"]["ditharos"] { return text }
    return nil
  }
}
