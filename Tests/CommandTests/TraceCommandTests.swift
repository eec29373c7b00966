import Testing

/// The worked example, step by step, against the numbers of the exercise.
@Suite struct TraceCommandTests {

  static let tensors: [[String]] = [
    ["patches"], ["weight", "bias", "latent"], ["noise", "noised_latent"],
    ["text_embedding", "timestep_vector", "condition"], ["scale", "shift"],
    ["conditioned_latent"], ["attention"], ["pooled"], ["predicted_noise"],
    ["difference", "loss", "gradients", "updated"], ["denoised_latent"], ["pixels"], ["frames"],
  ]

  private func steps(
    _ spec: String, _ more: String...
  ) throws -> [JSON] {
    let result = try RunningCommand(
      ["trace", shipped(spec), "--format", "json"] + more, folder: "/"
    ).result()
    #expect(result.status == 0)
    let json = try result.json()
    #expect(json["format_version"] == "1.0")
    #expect(json["diagnostics"] == [])
    return json["steps"].list
  }

  @Test(arguments: ["none", "all"])
  func `prints the thirteen steps of the exercise`(passes: String) throws {
    let steps = try steps(
      "sora-by-hand", "--prompt", "Sora is sky", "--passes", passes)
    try #require(steps.count == 13)
    for (index, names) in Self.tensors.enumerated() {
      #expect(steps[index]["index"] == .number(Double(index + 1)))
      #expect(Set(names).isSubset(of: steps[index]["tensors"].keys))
    }
    let tensors = steps.map { $0["tensors"] }
    #expect(tensors[0]["patches"] == [[0, 1, 1, 2], [1, 0, 1, 0], [1, 0, 0, 0], [0, 1, 1, 2]])
    #expect(tensors[1]["weight"] == [[1, 0, -1, 0], [0, 1, 0, 1]])
    #expect(tensors[1]["bias"] == [0, 1])
    #expect(tensors[1]["latent"] == [[0, 1, 1, 2], [2, 2, 3, 3]])
    #expect(tensors[2]["noise"] == [[1, -1, 1, -1], [1, -1, 0, 0]])
    #expect(tensors[2]["noised_latent"] == [[1, 0, 2, 1], [3, 1, 3, 3]])
    #expect(tensors[3]["text_embedding"] == [0, 1, -1])
    #expect(tensors[3]["timestep_vector"] == [1, 1])
    #expect(tensors[3]["condition"] == [0, 1, -1, 1, 1])
    #expect(tensors[4]["scale"] == [2, -1])
    #expect(tensors[4]["shift"] == [-1, 5])
    #expect(tensors[5]["conditioned_latent"] == [[1, -1, 3, 1], [2, 4, 2, 2]])
    #expect(
      tensors[6]["attention"] == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]])
    #expect(tensors[7]["pooled"] == [[2, 4, 2, 1], [4, 4, 6, 2]])
    #expect(tensors[8]["predicted_noise"] == [[0, -2, 2, -1], [0, -2, 0, 1]])
    #expect(tensors[9]["difference"] == [[-1, -1, 1, 0], [-1, -1, 0, 1]])
    #expect(tensors[9]["loss"] == 0.75)
    #expect(tensors[10]["denoised_latent"] == [[1, 2, 0, 2], [3, 3, 3, 2]])
    #expect(tensors[11]["pixels"] == [[1, 2, 0, 2], [1, 0, 2, 0], [0, 0, 1, 0], [1, 2, 0, 2]])
    #expect(
      tensors[12]["frames"]
        == [[[1, 1], [0, 1]], [[2, 0], [0, 2]], [[0, 2], [1, 0]], [[2, 0], [0, 2]]])
  }

  @Test func `goes back to the gradients of the exercise and takes one step of 1/256`() throws {
    let loss = try steps("sora-by-hand")[9]["tensors"]
    let modulation: [Double] = [1.75, -2, 1.25, -0.5]
    let condition: [Double] = [0, 1, -1, 1, 1]
    check(
      loss,
      [
        "blocks.0.modulation.weight": (
          [1, 0, 0, 1, 0, 0, -1, 1, 0, 1, 0, 0, 1, -1, 0, 0, 1, -1, 1, 0],
          modulation.flatMap { row in condition.map { row * $0 } }
        ),
        "blocks.0.modulation.bias": ([1, 0, 1, 2], modulation),
        "blocks.0.feed_forward.weight": ([-1, 1, -1, 0], [-1, -0.5, -1.25, -1.5]),
        "blocks.0.feed_forward.bias": ([-2, 2], [-0.25, -0.25]),
      ])
  }

  @Test func `follows the correction of the article`() throws {
    let tensors = try steps("sora-by-hand-corrected").map { $0["tensors"] }
    try #require(tensors.count == 13)
    #expect(tensors[4]["scale"] == [2, -1])
    #expect(tensors[4]["shift"] == [1, 5])
    #expect(tensors[5]["conditioned_latent"] == [[3, 1, 5, 3], [2, 4, 2, 2]])
    #expect(tensors[7]["pooled"] == [[6, 8, 6, 3], [4, 4, 6, 2]])
    #expect(tensors[8]["predicted_noise"] == [[-4, -6, -2, -3], [-4, -6, -4, -1]])
    #expect(tensors[9]["difference"] == [[-5, -5, -3, -2], [-5, -5, -4, -1]])
    #expect(tensors[9]["loss"] == 16.25)
    #expect(tensors[10]["denoised_latent"] == [[5, 6, 4, 4], [7, 7, 7, 4]])
    #expect(tensors[11]["pixels"] == [[5, 6, 4, 4], [1, 0, 2, 0], [0, 0, 0, 0], [5, 6, 4, 4]])
    #expect(
      tensors[12]["frames"]
        == [[[5, 1], [0, 5]], [[6, 0], [0, 6]], [[4, 2], [0, 4]], [[4, 0], [0, 4]]])
    // dR = D / 4; worked through steps 9 to 5 with a pen.
    let modulation: [Double] = [16.75, -19.5, 14.25, -7]
    let condition: [Double] = [0, 1, -1, 1, 1]
    check(
      tensors[9],
      [
        "blocks.0.modulation.weight": (
          [1, 0, 0, 1, 0, 0, -1, 1, 0, 1, 0, 0, 1, -1, 0, 0, 1, -1, 1, 0],
          modulation.flatMap { row in condition.map { row * $0 } }
        ),
        "blocks.0.modulation.bias": ([1, 0, 3, 2], modulation),
        "blocks.0.feed_forward.weight": ([-1, 1, -1, 0], [-23.5, -15.5, -24.25, -16.5]),
        "blocks.0.feed_forward.bias": ([-2, 2], [-3.75, -3.75]),
      ])
  }

  /// Compares gradients, and parameters after a step of 1/256, with values and gradients.
  private func check(
    _ loss: JSON, _ expected: [String: (values: [Double], gradient: [Double])],
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(loss["gradients"].keys == expected.keys.sorted(), sourceLocation: location)
    #expect(loss["updated"].keys == expected.keys.sorted(), sourceLocation: location)
    for (name, wanted) in expected {
      #expect(loss["gradients"][name].numbers == wanted.gradient, sourceLocation: location)
      let updated = zip(wanted.values, wanted.gradient).map { $0 - $1 / 256 }
      let found = loss["updated"][name].numbers
      #expect(found.count == updated.count, sourceLocation: location)
      // JSON carries the shortest decimal that reads back as the same 32-bit float.
      #expect(zip(found, updated).allSatisfy { Float($0) == Float($1) }, sourceLocation: location)
    }
  }

  @Test func `takes other known words`() throws {
    let embed = try steps("sora-by-hand", "--prompt", "SKY, is sora!")[3]["tensors"]
    #expect(embed["text_embedding"] == [-1, 1, 0])
    #expect(embed["condition"] == [-1, 1, 0, 1, 1])
  }

  @Test func `writes the short form on a line per matrix, and marks what was published`() throws {
    let text = try ditharos("trace", shipped("sora-by-hand"), "--short").output
    let lines = text.split(separator: "\n")
    #expect(lines.contains { $0.contains("loss O") && $0.hasSuffix(" 0.75") })
    #expect(lines.contains { $0.contains("scale P") && $0.hasSuffix(" 2 -1") })
    #expect(
      lines.contains { $0.contains("frames O") && $0.contains("1 1 / 0 1  2 0 / 0 2  0 2 / 1 0") })
  }

  @Test func `the worksheet shows what is given and hides what is computed`() throws {
    let text = try ditharos("trace", shipped("sora-by-hand"), "--blank").output
    #expect(text.contains("| 1 0 -1 0 |"))
    #expect(text.contains("| __ __ __ __ |"))
    #expect(!text.contains("0.75"))
    #expect(!text.contains("5512675"))
  }

  @Test func `refuses a model too large to read, and names the key`() throws {
    let result = try ditharos("trace", shipped("dit-s-2"), "--format", "json")
    #expect(result.status == 64)
    let json = try result.json()
    #expect(json.rules == ["trace.size"])
    #expect(json["diagnostics"][0]["primary"]["file"] == .string(shipped("dit-s-2")))
  }

  @Test(arguments: [
    ("sora is green", ["prompt.unknown-word"]),
    ("red is blue", ["prompt.unknown-word", "prompt.unknown-word"]),
    ("sora sora sora sora", ["prompt.too-long"]),
  ])
  func `refuses prompts at the vocabulary's place`(prompt: String, rules: [String]) throws {
    let result = try ditharos(
      "trace", shipped("sora-by-hand"), "--prompt", prompt, "--format", "json")
    #expect(result.status == 4)
    let json = try result.json()
    #expect(json.rules == rules)
    #expect(json["diagnostics"][0]["primary"]["line"].double != nil)
  }
}
