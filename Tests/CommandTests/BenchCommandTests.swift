import Foundation
import Testing

/// `bench`, `run --profile`, and the time that `plan` states.
@Suite struct BenchCommandTests {
  private func withTinySpec(
    _ body: (_ spec: String, _ folder: String) async throws -> Void
  ) async throws {
    try await withFolder { folder in
      let spec = "\(folder)/tiny.yaml"
      try tinySpec.write(to: spec)
      try await body(spec, folder)
    }
  }

  private func bench(_ arguments: String..., cache: String = "/nowhere") throws -> CommandResult {
    try RunningCommand(
      ["bench"] + arguments, folder: "/", environment: ["XDG_CACHE_HOME": cache]
    ).result()
  }

  /// The rules of the diagnostics but for that of other tests on the same processors.
  private func problems(_ json: JSON) -> [String] { json.rules.filter { $0 != "machine.busy" } }

  @Test func `has every field`() async throws {
    try await withTinySpec { spec, folder in
      let result = try bench(
        spec, "--runs", "1", "--guidance", "3", "--threads", "2", "--format", "json")
      #expect(result.status == 0)
      let json = try result.json()
      #expect(json["format_version"] == "1.0" && problems(json) == [])
      let peak = try #require(json["peak_flops"].double)
      #expect(peak > 0)
      #expect(json["results"].list.count == 1)
      let entry = json["results"][0]
      #expect(entry["spec"] == .string(spec) && entry["name"] == "tiny")
      #expect(entry["precision"] == "f32" && entry["threads"] == 2)
      #expect(entry["steps"] == 20 && entry["guidance"] == 3 && entry["batch"] == 1)
      #expect(entry["expected_seconds_per_step"] == .null)
      #expect(entry["seconds_per_forward"] == entry["forward"]["median_seconds"])
      #expect(entry["seconds_per_step"] == entry["step"]["median_seconds"])
      #expect(entry["flops_per_second"] == entry["step"]["flops_per_second"])
      #expect(entry["forward"]["samples"] == 1)
      #expect(entry["step"]["samples"] == 20 && entry["step"]["runs"] == 1)
      for part in [entry["forward"], entry["step"]] {
        let (flops, median) = (
          try #require(part["flops"].double), try #require(part["median_seconds"].double)
        )
        let rate = try #require(part["flops_per_second"].double)
        #expect(abs(rate - flops / median) < 1e-6 * rate)
        let fraction = try #require(part["fraction_of_peak"].double)
        #expect(abs(fraction - rate / peak) < 1e-6 * fraction)
        let times = ["minimum_seconds", "median_seconds", "maximum_seconds"].map {
          part[$0].double ?? 0
        }
        #expect(times == times.sorted() && times[0] > 0)
        #expect(!part["stages"].list.isEmpty)
        for kernel in part["kernels"].list {
          #expect(
            kernel.keys == [
              "calls", "extents", "flops_per_second", "fraction_of_peak", "kernel", "precision",
              "seconds",
            ])
        }
      }
      let plan = try ditharos("plan", spec, "--guidance", "3", "--format", "json").json()
      let macs = try #require(plan["macs_per_step"].double)
      #expect(entry["step"]["flops"] == .number(2 * macs))
      #expect(try #require(plan["macs"].double) * 2 == entry["forward"]["flops"].double)
      #expect(try names(in: folder) == ["tiny.yaml"])
    }
  }

  @Test func `measures what is asked for`() async throws {
    try await withTinySpec { spec, _ in
      let forward = try bench(
        spec, spec, "--runs", "2", "--measure", "forward", "--format", "json"
      ).json()
      #expect(forward["results"].list.count == 2)
      for entry in forward["results"].list {
        #expect(entry["step"] == .null && entry["seconds_per_step"] == .null)
        #expect(entry["flops_per_second"] == entry["forward"]["flops_per_second"])
        #expect(entry["forward"]["samples"] == 2)
      }
      let steps = try bench(
        spec, "--runs", "2", "--measure", "steps", "--steps", "3", "--format", "json"
      ).json()["results"][0]
      #expect(steps["forward"] == .null && steps["seconds_per_forward"] == .null)
      #expect(steps["steps"] == 3 && steps["step"]["samples"] == 6)
    }
  }

  @Test func `takes the steps that a sampler has`() throws {
    let result = try bench(shipped("sora-by-hand"), "--runs", "1", "--format", "json")
    #expect(result.status == 0)
    #expect(try result.json()["results"][0]["steps"] == 1)
  }

  @Test func `shows a table`() async throws {
    try await withTinySpec { spec, _ in
      let result = try bench(spec, "--runs", "1")
      #expect(result.status == 0)
      for word in ["forward", "step", "GFLOP/s", "linear", "attention", "load", "peak"] {
        #expect(result.output.contains(word), "\(word)")
      }
    }
  }

  @Test(arguments: [
    (["missing.yaml"], 4, "file.unreadable"), (["--runs", "0"], 64, "usage.option"),
    (["--runs", "1001"], 64, "usage.option"), (["--threads", "0"], 64, "usage.option"),
    (["--measure", "speed"], 64, "usage.arguments"), (["--batch", "0"], 64, "options.batch"),
    (["--steps", "0"], 64, "options.steps"), (["--steps", "1001"], 64, "options.steps"),
    (["--weights", "/nowhere.safetensors"], 4, "weights.file"),
  ])
  func `refuses what cannot be measured`(
    options: [String], status: Int32, rule: String
  ) async throws {
    try await withTinySpec { spec, _ in
      let result = try RunningCommand(
        ["bench", spec, "--format", "json"] + options, folder: "/",
        environment: ["XDG_CACHE_HOME": "/nowhere"]
      ).result()
      #expect(result.status == status)
      #expect(try result.json().rules == [rule])
      #expect(result.complaints == "")
    }
  }

  @Test func `refuses a spec without a denoiser, before measuring another`() async throws {
    try await withTinySpec { spec, folder in
      let diffusion = "\(folder)/diffusion.yaml"
      try "ditharos: 1\nname: alone\ndiffusion: {schedule: linear}\n".write(to: diffusion)
      let result = try bench(spec, diffusion, "--runs", "1000", "--format", "json")
      #expect(result.status == 1)
      #expect(try result.json().rules == ["compiler.no-denoiser"])
    }
  }

  @Test func `measures the decoder of an autoencoder that stands alone`() async throws {
    try await withTinySpec { _, folder in
      let autoencoder = "\(folder)/autoencoder.yaml"
      try """
      ditharos: 1
      name: alone
      image: {height: 8, width: 8}
      autoencoder: {kind: kl, latent_channels: 2, level_channels: [4, 8], norm_groups: 2}

      """.write(to: autoencoder)
      let result = try bench(autoencoder, "--runs", "2", "--format", "json")
      #expect(result.status == 0)
      let measured = try result.json()["results"][0]
      #expect((measured["seconds_per_forward"].double ?? 0) > 0)
      #expect(measured["step"] == .null)
    }
  }

  @Test func `ends when it is interrupted`() async throws {
    try await withTinySpec { spec, folder in
      // More than can be done before the signal arrives.
      let command = try RunningCommand(
        ["bench"] + Array(repeating: spec, count: 500) + ["--runs", "1000"], folder: folder)
      try await Task.sleep(for: .milliseconds(200))
      command.send(SIGINT)
      let result = try command.result()
      #expect(result.status == 130)
      #expect(try names(in: folder) == ["tiny.yaml"])
    }
  }

  @Test func `a measured machine lets plan state the time of a step`() async throws {
    try await withTinySpec { spec, folder in
      func plan() throws -> JSON {
        let result = try ditharos(
          "plan", spec, "--format", "json", environment: ["XDG_CACHE_HOME": folder])
        #expect(result.status == 0)
        return try result.json()
      }
      #expect(try plan()["machine"]["seconds_per_step"] == .null)
      #expect(
        try ditharos("plan", spec, environment: ["XDG_CACHE_HOME": folder]).output
          .contains("expected time         unknown until `ditharos bench`"))

      let machine = try bench("--runs", "1", "--format", "json", cache: folder)
      #expect(machine.status == 0)
      let json = try machine.json()
      let path = "\(folder)/ditharos/machine.json"
      #expect(json["results"] == [] && json["profile"] == .string(path))
      #expect(json["peak_flops"] == json["machine"]["peak_flops"]["f32"])
      #expect(try names(in: "\(folder)/ditharos") == ["machine.json"])

      let seconds = try #require(try plan()["machine"]["seconds_per_step"].double)
      #expect(seconds > 0)
      let entry = try bench(spec, "--runs", "1", "--format", "json", cache: folder)
        .json()["results"][0]
      #expect(entry["expected_seconds_per_step"] == .number(seconds))

      try "{}".write(to: path)
      let damaged = try plan()
      #expect(damaged.rules == ["machine.profile"])
      #expect(damaged["diagnostics"][0]["severity"] == "warning")
      #expect(damaged["machine"]["seconds_per_step"] == .null)
    }
  }

  @Test func `a profile that cannot be stored is a warning`() throws {
    let result = try bench("--runs", "1", "--format", "json", cache: "/proc")
    #expect(result.status == 0)
    let json = try result.json()
    #expect(problems(json) == ["machine.unwritten"])
    #expect(json["profile"] == .null && json["peak_flops"].double != nil)
  }

  @Test func `run shows where its time went`() async throws {
    try await withTinySpec { spec, folder in
      func run(_ options: [String], to path: String) throws -> CommandResult {
        try RunningCommand(
          ["run", spec, "--label", "3", "--weights", "random:0", "--steps", "4", "-o", path]
            + options, folder: "/"
        ).result()
      }
      let (plain, timed) = ("\(folder)/a.safetensors", "\(folder)/b.safetensors")
      #expect(try run([], to: plain).output == "")
      let result = try run(["--profile"], to: timed)
      #expect(result.status == 0)
      for word in ["load", "condition", "steps", "linear", "attention", "norm", "of peak"] {
        #expect(result.output.contains(word), "\(word)")
      }
      #expect(try bytes(plain) == bytes(timed))
    }
  }
}
