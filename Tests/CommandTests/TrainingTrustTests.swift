import Foundation
import Testing

/// Trainings that are stopped, killed, short of room, or not what they were.
@Suite(.serialized) struct TrainingTrustTests {
  /// What two trainings must have in common to the byte.
  private func expectEqual(_ run: String, _ other: String, step: Int) throws {
    for file in ["weights.safetensors", "spec.yaml", "samples/captions.txt"]
      + ["weights", "average", "optimizer"].map({ "step-\(step)/\($0).safetensors" })
    {
      #expect(try bytes("\(run)/\(file)") == bytes("\(other)/\(file)"), "\(file)")
    }
    #expect(try untimedMetrics(run) == untimedMetrics(other))
  }

  /// Waits until a training has taken some steps.
  private func awaitStep(_ step: Int, of command: RunningCommand, in folder: String) {
    while command.isRunning, (try? untimedMetrics("\(folder)/run").count) ?? 0 < step {
      usleep(5000)
    }
  }

  @Test func `killed at any moment and resumed equals uninterrupted`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let options = ["--steps", "150", "--checkpoint-every", "7", "--sample-every", "50"]
      try learningSpec.write(to: "\(folder)/model.yaml")
      func start(_ out: String) throws -> RunningCommand {
        try RunningCommand(
          ["train", "model.yaml", "--data", "data", "--out", out, "--resume", "--progress", "none"]
            + ["--threads", "1"] + options, folder: folder)
      }
      let begin = ContinuousClock.now
      #expect(try start("whole").result().status == 0)
      let whole = UInt32((ContinuousClock.now - begin) / .microseconds(1))
      var generator = SystemRandomNumberGenerator()
      for _ in 0..<12 {
        let command = try start("killed")
        usleep(UInt32.random(in: 0...(whole / 4), using: &generator))
        command.send(SIGKILL)
        let result = try command.result()
        #expect(result.status == 0 || result.status == 256 + SIGKILL, "\(result.complaints)")
      }
      #expect(try start("killed").result().status == 0)
      try expectEqual("\(folder)/whole", "\(folder)/killed", step: 150)
      #expect(try names(in: "\(folder)/killed").filter { $0.hasPrefix(".") } == [])
    }
  }

  /// SIGHUP stays ignored where something like `nohup` runs the tests.
  private static let endings: [Int32] = {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    return [SIGINT, SIGTERM] + (handler == 0 ? [SIGHUP] : [])
  }()

  @Test(arguments: endings)
  func `stops with a checkpoint when told to, and says how to go on`(signal: Int32) async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      try learningSpec.write(to: "\(folder)/model.yaml")
      let command = try RunningCommand(
        [
          "train", "model.yaml", "--data", "data", "--out", "run", "--steps", "10000000",
          "--threads", "1",
        ],
        folder: folder)
      awaitStep(3, of: command, in: folder)
      command.send(signal)
      let result = try command.result()
      #expect(result.status == 130, "\(result.complaints)")
      #expect(
        result.complaints.contains(
          "ditharos train model.yaml --data data --out run --steps 10000000 --threads 1 --resume"))
      let step = try untimedMetrics("\(folder)/run").count
      #expect(FileManager.default.fileExists(atPath: "\(folder)/run/step-\(step)/training.json"))
      let more = try train("--resume", "--steps", "\(step + 2)", in: folder)
      #expect(more.status == 0, "\(more.complaints)")
      #expect(try untimedMetrics("\(folder)/run").count == step + 2)
    }
  }

  @Test func `a full disk ends a training, and its last checkpoint stays`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      #expect(try train("--steps", "4", in: folder).status == 0)
      let weights = try bytes("\(folder)/run/step-4/weights.safetensors")
      // Room for the weights, not for the moments, which are twice as large.
      let full = try train(
        "--resume", "--steps", "8", "--sample-every", "0", in: folder,
        fileBlockLimit: weights.count / 512 + 16)
      #expect(full.status == 4 && full.complaints.contains("training.write"), "\(full.complaints)")
      #expect(full.complaints.contains("`run/step-8` cannot be written"))
      #expect(
        try names(in: "\(folder)/run").filter { $0.contains("step-") } == ["step-4"])
      #expect(try bytes("\(folder)/run/step-4/weights.safetensors") == weights)
      #expect(try train("--resume", "--steps", "8", in: folder).status == 0)
      #expect(try train("--steps", "8", in: folder, out: "whole").status == 0)
      try expectEqual("\(folder)/whole", "\(folder)/run", step: 8)
    }
  }

  @Test func `numbers that are not finite end a training and name the tensor`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      let spec = learningSpec.replacingOccurrences(
        of: "{kind: adamw, learning_rate: 0.01}", with: "{kind: sgd, learning_rate: 1000}")
      let result = try train("--steps", "300", "--sample-every", "0", in: folder, spec: spec)
      #expect(result.status == 4, "\(result.complaints)")
      #expect(
        result.complaints.contains("the first tensor affected is `")
          || result.complaints.contains("the squares overflow first in `"))
      #expect(result.complaints.contains("training.not-finite"))
    }
  }

  @Test func `another training's folder is refused and left as it is`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      #expect(try train(in: folder).status == 0)
      let spec = try bytes("\(folder)/run/spec.yaml")
      let again = try train(in: folder)
      #expect(again.status == 4 && again.complaints.contains("--resume"))
      let wider = learningSpec.replacingOccurrences(of: "latent_dim: 16", with: "latent_dim: 32")
      let other = try train("--resume", in: folder, spec: wider)
      #expect(other.status == 4 && other.complaints.contains("`latent_dim` differs"))
      let seeded = try train("--resume", "--seed", "3", in: folder)
      #expect(seeded.status == 4 && seeded.complaints.contains("its seed is 0"))
      try FileManager.default.removeItem(atPath: "\(folder)/data/dark/1.png")
      let fewer = try train("--resume", in: folder)
      #expect(fewer.status == 4 && fewer.complaints.contains("it had 6 samples"))
      #expect(try bytes("\(folder)/run/spec.yaml") == spec)
      try makeFolder("\(folder)/other")
      try "mine".write(to: "\(folder)/other/notes.txt")
      let foreign = try train("--resume", in: folder, out: "other")
      #expect(foreign.status == 4 && foreign.complaints.contains("holds no training to resume"))
      #expect(try names(in: "\(folder)/other") == ["notes.txt"])
    }
  }

  @Test func `a damaged checkpoint leaves the one before it`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      #expect(try train("--checkpoint-every", "4", in: folder).status == 0)
      try "cut".write(to: "\(folder)/run/step-12/optimizer.safetensors")
      let result = try train("--resume", "--steps", "16", in: folder)
      #expect(result.status == 0, "\(result.complaints)")
      #expect(result.complaints.contains("run/step-12: cannot be read, put aside"))
      #expect(try train("--steps", "16", in: folder, out: "whole").status == 0)
      try expectEqual("\(folder)/whole", "\(folder)/run", step: 16)
    }
  }

  @Test func `two trainings do not write to one folder`() async throws {
    try await withFolder { folder in
      try writePictures(in: folder)
      try learningSpec.write(to: "\(folder)/model.yaml")
      let command = try RunningCommand(
        [
          "train", "model.yaml", "--data", "data", "--out", "run", "--steps", "10000000",
          "--threads", "1",
        ],
        folder: folder)
      awaitStep(1, of: command, in: folder)
      let second = try train("--resume", "--steps", "10000000", in: folder)
      #expect(second.status == 4 && second.complaints.contains("another training"))
      command.send(SIGINT)
      #expect(try command.result().status == 130)
    }
  }
}
