import Foundation
import Media
import Testing

/// `train`: what it writes, what it takes, and what it says.
@Suite struct TrainCommandTests {
  @Test func `leaves weights that run takes, and what a person looks at`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let result = try train("--checkpoint-every", "4", "--sample-every", "6", in: folder)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(result.complaints.contains("data: 6 samples"))
      #expect(result.complaints.contains("learn in 12 steps of 4 samples, all new;"))
      #expect(
        try names(in: "\(folder)/run") == [
          "loss.svg", "metrics.jsonl", "samples", "spec.yaml", "step-12", "step-4", "step-8",
          "weights.safetensors",
        ])
      #expect(
        try names(in: "\(folder)/run/samples") == ["000006.png", "000012.png", "captions.txt"])
      #expect(
        try String(contentsOfFile: "\(folder)/run/samples/captions.txt", encoding: .utf8)
          == "1. label 0\n2. label 1\n")
      #expect(try untimedMetrics("\(folder)/run").count == 12)
      #expect(
        try String(contentsOfFile: "\(folder)/run/loss.svg", encoding: .utf8).hasPrefix("<svg"))
      for arguments in [
        ["model.yaml", "--weights", "run/weights.safetensors"], ["run/spec.yaml"],
      ] {
        let all =
          ["run"] + arguments + [
            "--label", "light", "--progress", "none", "-o", "\(arguments.count).safetensors",
          ]
        let run = try RunningCommand(all, folder: folder).result()
        #expect(run.status == 0, "\(run.complaints)")
      }
      #expect(
        try values("\(folder)/1.safetensors", "latent")
          == values("\(folder)/3.safetensors", "latent"))
    }
  }

  @Test func `the same bytes come of any number of threads, and of another start`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      for threads in ["1", "2"] {
        let result = try train("--threads", threads, in: folder, out: "run\(threads)")
        #expect(result.status == 0, "\(result.complaints)")
      }
      for file in ["weights.safetensors", "step-12/optimizer.safetensors"] {
        #expect(try bytes("\(folder)/run1/\(file)") == bytes("\(folder)/run2/\(file)"))
      }
      let seeded = try train("--seed", "1", in: folder, out: "run3")
      #expect(seeded.status == 0)
      #expect(
        try bytes("\(folder)/run1/weights.safetensors")
          != bytes("\(folder)/run3/weights.safetensors"))
    }
  }

  @Test func `a training in f32 continues in bf16, and stays there`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let wide = try train("--steps", "4", "--checkpoint-every", "4", in: folder)
      #expect(wide.status == 0, "\(wide.complaints)")
      #expect(!wide.complaints.contains("bf16"))
      let line = "matrices are multiplied in bf16, summed in f32"
      for arguments in [["8", "--precision", "bf16"], ["10"]] {
        let more = try RunningCommand(
          ["train", "model.yaml", "--data", "data", "--out", "run", "--progress", "none"]
            + ["--threads", "1", "--resume", "--steps"] + arguments, folder: folder
        ).result()
        #expect(more.status == 0, "\(more.complaints)")
        #expect(more.complaints.contains(line), "\(more.complaints)")
      }
      let back = try train("--resume", "--steps", "12", "--precision", "f32", in: folder)
      #expect(back.status == 0 && !back.complaints.contains(line), "\(back.complaints)")
      #expect(try untimedMetrics("\(folder)/run").count == 12)
    }
  }

  @Test func `a precision that there is not is refused, with those that there are`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let result = try train("--precision", "f16", in: folder)
      #expect(result.status != 0 && result.complaints.contains("f16"), "\(result.complaints)")
      #expect(result.complaints.contains("bf16"), "\(result.complaints)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
    }
  }

  @Test func `clips pass the frozen encoder once`() async throws {
    try await withFolder { folder in
      try await writeClips(in: folder)
      let without = try train(in: folder, spec: clipSpec)
      #expect(without.status == 4 && without.complaints.contains("has no weights"))
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
      let encoder = (0..<48).map { Float(($0 * 5) % 7) / 7 }
      try write(
        [
          ("autoencoder.encoder.weight", [4, 12], encoder),
          ("autoencoder.encoder.bias", [4], [0, 0, 0, 0]),
          ("autoencoder.decoder.weight", [12, 4], encoder),
          ("autoencoder.decoder.bias", [12], [Float](repeating: 0, count: 12)),
        ], to: "\(folder)/first.safetensors")
      let result = try train("--weights", "first.safetensors", in: folder, spec: clipSpec)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(result.complaints.contains("scaling_factor"))
      #expect(try names(in: "\(folder)/run/samples").contains("000006.webp"))
      #expect(
        try values("\(folder)/run/weights.safetensors", "autoencoder.encoder.weight") == encoder)
      let again = try train(
        "--weights", "first.safetensors", "--resume", "--steps", "8", in: folder, spec: clipSpec)
      #expect(again.status == 0, "\(again.complaints)")
      #expect(again.complaints.contains("encoded before"))
      #expect(again.complaints.contains("samples, from run/step-6;"))
      let run = try ditharos(
        "run", "run/spec.yaml", "--prompt", "green sky", "-o", "a.webp", in: folder)
      #expect(run.status == 0, "\(run.complaints)")
    }
  }

  @Test func `pictures are learned as they are where there is no autoencoder`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let spec = learningSpec.replacingOccurrences(
        of: "latent: {channels: 1, height: 4, width: 4}",
        with: "image: {channels: 1, height: 4, width: 4, range: [0, 1]}")
      let result = try train(in: folder, spec: spec)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(!result.complaints.contains("scaling_factor"))
      let run = try ditharos(
        "run", "run/spec.yaml", "--label", "dark", "-o", "a.png", "--scale", "1", in: folder)
      #expect(run.status == 0, "\(run.complaints)")
      #expect(run.complaints.contains("a.png: 1 frame of 4x4\n"))
    }
  }

  @Test func `what cannot be used is named, counted and left out`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      try "no picture".write(to: "\(folder)/data/dark/9.png")
      try patterned(height: 9, width: 6, channels: 3, base: 3)
        .writePNG(to: "\(folder)/data/light/other-size.png")
      try "notes".write(to: "\(folder)/data/README.md")
      let result = try train(in: folder)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(result.complaints.contains("data: 7 samples; 1 left out: `dark/9.png`"))
    }
  }

  @Test func `captions come from a list, and those without files are counted`() async throws {
    try await withFolder { folder in
      try await writeClips(in: folder)
      for index in 0..<3 {
        try FileManager.default.removeItem(atPath: "\(folder)/data/\(index).txt")
      }
      try """
      {"file": "0.webp", "caption": "red sky"}
      {"file": "1.webp", "caption": "a purple elephant"}
      {"file": "7.webp", "caption": "blue"}
      {"file": "2.webp", "caption": "blue"}
      nonsense
      """.write(to: "\(folder)/data/captions.jsonl")
      let result = try train(
        "--weights", "random:0", in: folder, spec: clipSpec)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(result.complaints.contains("data: 2 samples; 3 left out: `captions.jsonl:5`"))
      #expect(result.complaints.contains("`7.webp` has a caption, but is not there"))
    }
  }

  @Test func `a folder of frames is a clip, and a clip that is too short is left out`() async throws
  {
    try await withFolder { folder in
      try await writeClips(in: folder)
      for name in ["long", "short"] {
        try makeFolder("\(folder)/data/\(name)")
        try "red".write(to: "\(folder)/data/\(name).txt")
        for index in 0..<(name == "long" ? 3 : 1) {
          try patterned(height: 8, width: 8, channels: 3, base: 40 * index)
            .writePNG(to: "\(folder)/data/\(name)/\(index).png")
        }
      }
      let result = try train("--weights", "random:0", in: folder, spec: clipSpec)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(
        result.complaints.contains(
          "data: 4 samples; 1 left out: `short` has 1 frame, the model reads 2"))
    }
  }

  @Test(arguments: [
    ("empty", "holds no pictures or videos"), ("captions", "holds captions, but no pictures"),
    ("unlabelled", "holds no sub-folders"), ("broken", "holds nothing that can be used"),
    ("missing", "cannot be opened"), ("classes", "has 3 sub-folders for 2 classes"),
    ("misspelled", "no class is named `ligth`"),
  ])
  func `data that cannot be learned from are one clear error`(name: String, message: String)
    async throws
  {
    try await withFolder { folder in
      var spec = learningSpec
      let picture = patterned(height: 4, width: 4, channels: 1, base: 3)
      switch name {
      case "empty": try makeFolder("\(folder)/data")
      case "captions":
        try makeFolder("\(folder)/data")
        try "red".write(to: "\(folder)/data/a.txt")
        spec = clipSpec
      case "unlabelled":
        try makeFolder("\(folder)/data")
        try picture.writePNG(to: "\(folder)/data/a.png")
      case "broken":
        try makeFolder("\(folder)/data/dark")
        try "x".write(to: "\(folder)/data/dark/a.png")
      case "classes", "misspelled":
        for label in name == "classes" ? ["a", "b", "c"] : ["dark", "ligth"] {
          try makeFolder("\(folder)/data/\(label)")
          try picture.writePNG(to: "\(folder)/data/\(label)/a.png")
        }
      default: break
      }
      let result = try train("--weights", "random:0", in: folder, spec: spec)
      #expect(result.status == 4 && result.complaints.contains(message), "\(result.complaints)")
      #expect(result.complaints.contains("training.data"))
    }
  }

  @Test func `a prompt needs captions`() async throws {
    try await withFolder { folder in
      try await writeClips(in: folder)
      for index in 0..<3 {
        try FileManager.default.removeItem(atPath: "\(folder)/data/\(index).txt")
      }
      let result = try train("--weights", "random:0", in: folder, spec: clipSpec)
      #expect(result.status == 4 && result.complaints.contains("holds no captions"))
    }
  }

  @Test func `a spec that teaches nothing is refused`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let start = learningSpec.range(of: "training:")?.lowerBound
      let silent = String(learningSpec.prefix(upTo: try #require(start)))
      let result = try train(in: folder, spec: silent)
      #expect(result.status == 1 && result.complaints.contains("says nothing about training"))
      let frozen = try RunningCommand(
        [
          "train", "Specs/invalid/nothing-learnable.yaml", "--data", "\(folder)/data", "--out", "x",
        ],
        folder: projectFolder
      ).result()
      #expect(frozen.status == 1 && frozen.complaints.contains("there is nothing to train"))
    }
  }

  @Test func `steps that end within the warm-up are refused`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let result = try train(
        "--steps", "5", in: folder, spec: learningSpec + "  schedule: {warmup: 5}\n")
      #expect(result.status == 1)
      #expect(result.complaints.contains("5 steps end within the warm-up of 5"))
      #expect(result.complaints.contains("give at least 6 with --steps"))
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/run"))
    }
  }

  @Test func `more memory than the spec allows is refused`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let result = try train(in: folder, spec: learningSpec + "limits: {peak_memory: 64KiB}\n")
      #expect(result.status == 5, "\(result.complaints)")
      #expect(result.complaints.contains("model.yaml:17:23: error: a training needs"))
    }
  }

  @Test func `help teaches by example`() throws {
    let help = try ditharos("train", "--help")
    #expect(help.status == 0 && help.output.contains("ditharos train digits.yaml --data digits/"))
  }
}
