import Foundation
import Media
import Testing

/// `train` in two stages: the autoencoder, then the denoiser with it frozen.
@Suite struct TrainingStageTests {
  private static let open = clipSpec.replacingOccurrences(of: "frozen: true", with: "frozen: false")

  /// A spec of an autoencoder alone, of pictures of 8x8 pixels.
  private static func autoencoder(_ layers: String) -> String {
    """
    ditharos: 1
    name: pictures
    image: {height: 8, width: 8, channels: 3}
    autoencoder: {\(layers), latent_channels: 2, frozen: false}
    training:
      optimizer: {kind: adamw, learning_rate: 0.003}
      ema: 0.9
      batch: 3
      steps: 40

    """
  }

  private static let kinds = [
    "kind: tiny, channels: 8, encoder_blocks: [1, 1], decoder_blocks: [1, 1]",
    "kind: kl, level_channels: [8, 8], norm_groups: 4, blocks_per_level: 1",
    "kind: linear, patch_size: 2, activation: none",
  ]

  @Test func `the denoiser learns after the autoencoder, which it leaves as it is`() async throws {
    try await withFolder { folder in
      try await writeClips(in: folder)
      let first = try train("--steps", "30", in: folder, spec: Self.open, out: "first")
      #expect(first.status == 0, "\(first.complaints)")
      #expect(first.complaints.contains("of the autoencoder learn in 30 steps"))
      #expect(first.complaints.contains("--stage denoiser --weights first/weights.safetensors"))
      #expect(try names(in: "\(folder)/first/samples").contains("000030.webp"))
      let encode = try ditharos(
        "eval", "first/spec.yaml", "--entry", "decode", "--inputs", "l.safetensors", "--outputs",
        "o.safetensors", in: folder)
      #expect(encode.status == 4)
      let second = try train(
        "--weights", "first/weights.safetensors", in: folder, spec: Self.open, out: "second")
      #expect(second.status == 0, "\(second.complaints)")
      #expect(!second.complaints.contains("of the autoencoder"))
      for name in ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"] {
        let trained = try values("\(folder)/first/weights.safetensors", "autoencoder.\(name)")
        #expect(!trained.isEmpty)
        #expect(
          try values("\(folder)/second/weights.safetensors", "autoencoder.\(name)") == trained)
        #expect(
          try values("\(folder)/second/step-6/weights.safetensors", "autoencoder.\(name)") == [])
      }
      let run = try ditharos(
        "run", "second/spec.yaml", "--prompt", "red", "-o", "a.webp", in: folder)
      #expect(run.status == 0, "\(run.complaints)")
    }
  }

  @Test(arguments: kinds)
  func `an autoencoder learns pictures, the same on any number of threads, resumed or not`(
    layers: String
  ) async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let spec = Self.autoencoder(layers)
      let whole = try train("--threads", "1", in: folder, spec: spec, out: "whole")
      #expect(whole.status == 0, "\(whole.complaints)")
      let losses = try untimedMetrics("\(folder)/whole").map { line in
        try #require(JSON(line + "}")["loss"].double)
      }
      let first: Double = losses.prefix(5).reduce(0, +)
      let last: Double = losses.suffix(5).reduce(0, +)
      #expect(last < first * 0.8)
      #expect(
        try train("--steps", "15", "--threads", "2", in: folder, spec: spec, out: "parts").status
          == 0)
      let rest = try train("--resume", "--steps", "40", in: folder, spec: spec, out: "parts")
      #expect(rest.status == 0, "\(rest.complaints)")
      for file in ["weights.safetensors", "step-40/optimizer.safetensors", "samples/000040.png"] {
        #expect(try bytes("\(folder)/whole/\(file)") == bytes("\(folder)/parts/\(file)"))
      }
    }
  }

  @Test func `a stage in which nothing learns is refused`() async throws {
    try await withFolder { folder in
      try await writeClips(in: folder)
      let frozen = try train("--stage", "autoencoder", in: folder, spec: clipSpec)
      #expect(frozen.status == 1 && frozen.complaints.contains("is frozen"))
      #expect(frozen.complaints.contains("model.yaml:4:"))
      let none = try train("--stage", "autoencoder", in: folder)
      #expect(none.status == 1 && none.complaints.contains("has no autoencoder to train"))
      let alone = try train(
        "--stage", "denoiser", in: folder, spec: Self.autoencoder(Self.kinds[2]))
      #expect(alone.status == 1 && alone.complaints.contains("has no denoiser to train"))
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
      let other = try train("--stage", "sampler", in: folder)
      #expect(other.status == 64)
    }
  }

  @Test func `a checkpoint of the other stage is refused`() async throws {
    try await withFolder { folder in
      try await writeClips(in: folder)
      #expect(try train("--steps", "2", in: folder, spec: Self.open).status == 0)
      let result = try train(
        "--resume", "--stage", "denoiser", "--weights", "random:0", in: folder, spec: Self.open)
      #expect(result.status == 4, "\(result.complaints)")
      #expect(result.complaints.contains("it trains the autoencoder"))
    }
  }
}
