import Testing

/// `plan`.
@Suite struct PlanCommandTests {
  private func plan(_ spec: String, _ options: String..., status: Int32 = 0) throws -> JSON {
    let result = try RunningCommand(
      ["plan", shipped(spec), "--format", "json"] + options, folder: "/"
    ).result()
    #expect(result.status == status)
    return try result.json()
  }

  @Test func `has every field, and the fusions of the worked example`() throws {
    let json = try plan("sora-by-hand")
    #expect(json["format_version"] == "1.0")
    #expect(json["diagnostics"] == [])
    #expect(json["name"] == "sora-by-hand")
    // 10 + 12 of the autoencoder, 24 of the modulation, 6 of the feed-forward layer.
    #expect(json["parameters"] == 52)
    // 20 of the modulation, 32 of the pooling, 16 of the feed-forward layer.
    #expect(json["macs"] == 68)
    for field in [
      "macs_per_step", "flops", "arena_bytes", "arena_lower_bound_bytes", "carried_bytes",
      "weight_bytes", "scratch_bytes", "nodes", "instructions",
    ] {
      let value = try #require(json[field].double, "\(field)")
      #expect(value > 0 && value == value.rounded())
    }
    func count(_ kind: String) -> Double {
      json["fusions"].list.filter { $0["kind"].text == kind }.compactMap { $0["count"].double }
        .reduce(0, +)
    }
    #expect(count("linear-bias-activation") >= 2)
    #expect(count("scale-shift") >= 1)
    for stage in json["stages"].list {
      #expect(stage["graph"].text != nil && stage["arena_bytes"].double != nil)
    }
    for refusal in json["refused"].list {
      #expect(refusal.keys == ["at", "kind", "reason"])
    }
    #expect(json["machine"]["threads"].double != nil)
  }

  /// The table of the DiT paper: parameters in millions, multiply-accumulates in milliards.
  @Test(arguments: [
    ("dit-s-2", 33, 6.06), ("dit-b-4", 131, 5.56), ("dit-xl-2-256", 675, 118.64),
    ("dit-xl-2-512", 675, 524.60),
  ])
  func `agrees with the paper`(spec: String, millions: Double, milliards: Double) throws {
    let json = try plan(spec)
    let parameters = try #require(json["parameters"].double)
    let macs = try #require(json["macs"].double)
    #expect(abs(parameters / 1e6 - millions) / millions < 0.01)
    #expect(abs(macs / 1e9 - milliards) / milliards < 0.01)
  }

  @Test func `states the precision and the bytes that it saves`() throws {
    let wide = try plan("dit-s-2")
    let short = try plan("dit-s-2", "--precision", "bf16")
    #expect(wide["precision"] == "f32")
    #expect(short["precision"] == "bf16")
    let bytes = try (
      #require(wide["weight_bytes"].double), #require(short["weight_bytes"].double)
    )
    #expect(bytes.1 < 0.52 * bytes.0)
    let wrong = try RunningCommand(
      ["plan", shipped("dit-s-2"), "--precision", "f16", "--format", "json"], folder: "/"
    ).result()
    #expect(wrong.status == 64)
  }

  @Test func `follows batch, steps, guidance and size`() throws {
    let one = try plan("dit-s-2", "--steps", "10")
    let step = try #require(one["macs_per_step"].double)
    #expect(
      try plan("dit-s-2", "--steps", "10", "--batch", "3")["macs_per_step"] == .number(3 * step))
    // Both halves see one latent, whose 256 patches of 16 values are embedded once.
    let guided = try plan("dit-s-2", "--steps", "10", "--guidance", "4")
    #expect(guided["macs_per_step"] == .number(2 * step - 256 * 16 * 384))
    let larger = try plan("dit-s-2", "--steps", "10", "--size", "32x64")
    #expect(try #require(larger["macs_per_step"].double) > 2 * step)
    #expect(larger["parameters"] == one["parameters"])
  }

  @Test(arguments: [
    (["--batch", "0"], "options.batch"), (["--batch", "-1"], "options.batch"),
    (["--batch", "99999"], "options.batch"), (["--steps", "0"], "options.steps"),
    (["--steps", "-1"], "options.steps"), (["--steps", "1001"], "options.steps"),
    (["--steps", "9223372036854775807"], "options.steps"),
    (["--batch", "9223372036854775807"], "options.batch"),
    (["--size", "9223372036854775807x2"], "options.size"),
    (["--sampler", "dpm"], "options.sampler"), (["--sampler", "euler"], "options.sampler"),
    (["--sampler", "dpm_solver", "--steps", "1000"], "options.steps"),
    (["--guidance", "nan"], "options.guidance"), (["--guidance", "1e9"], "options.guidance"),
    (["--size", "33x32"], "options.size"), (["--size", "-1x2"], "options.size"),
    (["--size", "65536x65536"], "options.size"),
    (["--size", "1024x1024", "--batch", "1024"], "options.size"),
    (["--frames", "2"], "options.size"), (["--size", "axb"], "usage.arguments"),
    (["--size", "99999999999999999999x2"], "usage.arguments"),
    (["--batch", "many"], "usage.arguments"), (["--bogus"], "usage.arguments"),
  ])
  func `refuses options out of range, in JSON`(options: [String], rule: String) throws {
    let result = try RunningCommand(
      ["plan", shipped("dit-s-2"), "--format", "json"] + options, folder: "/"
    ).result()
    #expect(result.status == 64)
    let json = try result.json()
    #expect(json.rules == [rule])
    #expect(json["diagnostics"][0]["message"].text?.isEmpty == false)
    #expect(result.complaints == "")
  }
}
