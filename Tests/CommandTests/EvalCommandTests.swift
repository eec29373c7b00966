import Testing

/// `eval`: one pass of one graph over tensors.
@Suite struct EvalCommandTests {
  private func eval(_ folder: String, _ more: String...) throws -> CommandResult {
    try RunningCommand(
      [
        "eval", shipped("sora-by-hand"), "--inputs", "in.safetensors", "--outputs",
        "out.safetensors",
      ] + more, folder: folder
    ).result()
  }

  private let latent: (String, [Int], [Float]) = (
    "latent", [1, 2, 4, 1, 1], [1, 0, 2, 1, 3, 1, 3, 3]
  )
  private let words: (String, [Int], [Float]) = ("text_ids", [1, 3], [0, 1, 2])
  private let timestep: (String, [Int], [Float]) = ("timestep", [1], [3])

  @Test(arguments: ["none", "all"], ["f32", "bf16"])
  func `predicts the noise of step 9, encodes as step 2, decodes as step 12`(
    passes: String, precision: String
  ) async throws {
    try await withFolder { folder in
      try write([latent, timestep, words], to: "\(folder)/in.safetensors")
      #expect(try eval(folder, "--passes", passes, "--precision", precision).status == 0)
      #expect(
        try values("\(folder)/out.safetensors", "prediction") == [0, -2, 2, -1, 0, -2, 0, 1])
      let video: [Float] = [0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 2, 0, 0, 2]
      try write([("image", [1, 1, 4, 2, 2], video)], to: "\(folder)/in.safetensors")
      #expect(
        try eval(folder, "--entry", "encode", "--passes", passes, "--precision", precision).status
          == 0)
      #expect(try values("\(folder)/out.safetensors", "latent") == [0, 1, 1, 2, 2, 2, 3, 3])
      try write(
        [("latent", [1, 2, 4, 1, 1], [1, 2, 0, 2, 3, 3, 3, 2])], to: "\(folder)/in.safetensors")
      #expect(
        try eval(folder, "--entry", "decode", "--passes", passes, "--precision", precision).status
          == 0)
      #expect(
        try values("\(folder)/out.safetensors", "image")
          == [1, 1, 0, 1, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 0, 2])
    }
  }

  @Test func `takes its batch from the tensors`() async throws {
    try await withFolder { folder in
      try write(
        [
          ("latent", [2, 2, 4, 1, 1], latent.2 + latent.2), ("timestep", [2], [3, 3]),
          ("text_ids", [2, 3], words.2 + words.2),
        ], to: "\(folder)/in.safetensors")
      #expect(try eval(folder).status == 0)
      let one: [Float] = [0, -2, 2, -1, 0, -2, 0, 1]
      #expect(try values("\(folder)/out.safetensors", "prediction") == one + one)
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var tensors: [(String, [Int], [Float])]
    var options: [String] = []
    var status: Int32 = 4
    var word: String
  }

  @Test func `refuses tensors that do not fit and writes nothing`() async throws {
    let refusals = [
      Refusal(testDescription: "none", tensors: [], word: "`latent` is missing"),
      Refusal(testDescription: "no words", tensors: [latent, timestep], word: "`text_ids`"),
      Refusal(
        testDescription: "rank", tensors: [("latent", [2, 4], latent.2), timestep, words],
        word: "[2,4]"),
      Refusal(
        testDescription: "empty batch",
        tensors: [("latent", [0, 2, 4, 1, 1], []), timestep, words], word: "[0,2,4,1,1]"),
      Refusal(
        testDescription: "size", tensors: [("latent", [1, 2, 4, 2, 1], latent.2 + latent.2)],
        word: "attention map"),
      Refusal(
        testDescription: "batch", tensors: [latent, ("timestep", [2], [3, 3]), words],
        word: "`timestep`"),
      Refusal(
        testDescription: "id", tensors: [latent, timestep, ("text_ids", [1, 3], [0, 1, 99])],
        word: "99"),
      Refusal(
        testDescription: "no id", tensors: [latent, timestep, ("text_ids", [1, 3], [0, 1, 1.5])],
        word: "1.5"),
      Refusal(
        testDescription: "entry", tensors: [latent], options: ["--entry", "foo"], status: 64,
        word: "prediction, encode, decode"),
      Refusal(
        testDescription: "threads", tensors: [latent], options: ["--threads", "0"], status: 64,
        word: "0 threads"),
      Refusal(
        testDescription: "weights", tensors: [latent, timestep, words],
        options: ["--weights", "missing.safetensors"], word: "missing.safetensors"),
    ]
    for refusal in refusals {
      try await withFolder { folder in
        try write(refusal.tensors, to: "\(folder)/in.safetensors")
        let result = try RunningCommand(
          [
            "eval", shipped("sora-by-hand"), "--inputs", "in.safetensors", "--outputs",
            "out.safetensors",
          ] + refusal.options, folder: folder
        ).result()
        #expect(result.status == refusal.status, "\(refusal.testDescription)")
        #expect(result.complaints.contains(refusal.word), "\(refusal.testDescription)")
        #expect(try names(in: folder) == ["in.safetensors"])
      }
    }
  }

  @Test func `names what is wrong with both files at once`() async throws {
    try await withFolder { folder in
      let result = try ditharos(
        "eval", shipped("sora-by-hand"), "--inputs", "none.safetensors", "--outputs", folder)
      #expect(result.status == 4)
      #expect(result.complaints.contains("none.safetensors"))
      #expect(result.complaints.contains("is a folder"))
    }
  }
}
