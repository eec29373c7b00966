import Documents
import Foundation
import Media
import SkyScenes
import Testing

/// Questions, models that answer them, and the score.
@Suite struct SceneScoreTests {
  private func answers(_ split: Split, count: Int) -> [SceneScore.Answer] {
    SceneQuestion.questions(of: split, seed: 7, count: count).map {
      SceneScore.Answer(question: $0, reading: SceneReader.read($0.renderedFrames))
    }
  }

  @Test(arguments: Split.allCases)
  func `questions are about every scene of the split equally often`(split: Split) {
    let scenes = Scene.all(of: split)
    let questions = SceneQuestion.questions(of: split, seed: 1, count: 2 * scenes.count)
    let counts = Dictionary(grouping: questions, by: \.scene).mapValues(\.count)
    #expect(Set(counts.keys) == Set(scenes) && Set(counts.values) == [2])
    #expect(questions == SceneQuestion.questions(of: split, seed: 1, count: 2 * scenes.count))
    #expect(questions != SceneQuestion.questions(of: split, seed: 2, count: 2 * scenes.count))
    #expect(Set(questions.map(\.seed)).count == questions.count)
  }

  @Test func `drawn clips score nearly everything`() {
    let total = SceneScore(answers(.heldOut, count: 95)).total
    #expect(total.count == 95)
    for right in [total.time, total.subject, total.colour, total.motion] { #expect(right >= 93) }
  }

  @Test func `the table and the JSON say what was counted`() throws {
    let still = Scene(.day, .balloon, .red, .still)
    let rising = Scene(.night, .moon, .white, .rising)
    let score = SceneScore([
      SceneScore.Answer(
        question: SceneQuestion(scene: still, prompt: "a red balloon by day", seed: 1),
        reading: SceneReading(time: .day, subject: .balloon, colour: .red, motion: .still)),
      SceneScore.Answer(
        question: SceneQuestion(scene: rising, prompt: "the moon rises", seed: 2),
        reading: SceneReading(time: .night, subject: nil, colour: nil, motion: nil)),
    ])
    #expect(
      score.table == """
                     clips    time  object  colour  motion     all
        moon             1   100.0     0.0     0.0     0.0     0.0
        balloon          1   100.0   100.0   100.0   100.0   100.0
        together         2   100.0    50.0    50.0    50.0    50.0

        """)
    let text = score.json([("command", .string("sky-scenes score"))]).text()
    let root = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(root["format_version"] as? String == "1.0")
    let shares = try #require(root["score"] as? [String: Any])
    #expect(shares["object"] as? Double == 0.5 && shares["time"] as? Double == 1)
    let misses = try #require(root["misses"] as? [[String: Any]])
    #expect(misses.count == 1 && misses[0]["prompt"] as? String == "the moon rises")
    let seen = try #require(misses[0]["seen"] as? [String: Any])
    #expect(seen["object"] is NSNull && seen["time"] as? String == "night")
  }

  @Test func `a model answers with clips, the same for any number of threads`() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("sky-model-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let spec = """
      ditharos: 1
      name: tiny-sky
      video: {frames: 3, height: 12, width: 12}
      autoencoder: {kind: linear, patch_size: [1, 4, 4], latent_channels: 4}
      patch_size: 1
      latent_dim: 16
      depth: 1
      heads: 2
      conditioning:
        prompt:
          embedding: words
          length: 14
          width: 4
          vocabulary: [\(SceneCaption.vocabulary.map { "'\($0)'" }.joined(separator: ", "))]
      diffusion: {schedule: flow, sampler: euler, steps: 4}
      """
    try spec.write(toFile: path, atomically: true, encoding: .utf8)
    let question = SceneQuestion.questions(of: .heldOut, seed: 0, count: 1)[0]
    let clips = try [1, 2].map { threads in
      let sampler = try SceneSampler(
        spec: path,
        SceneSampler.Options(weights: "random:1", steps: 2, guidance: nil, threads: threads))
      #expect(sampler.name == "tiny-sky" && sampler.steps == 2 && sampler.guidance == 1)
      return try sampler.frames(question)
    }
    #expect(clips[0] == clips[1])
    #expect(clips[0].count == 3 && clips[0].height == 12 && clips[0].channels == 3)
  }
}
