import Foundation
import SkyScenes
import Testing

/// The model that ships, asked for scenes.
@Suite struct SkyModelTests {
  private static let spec = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Specs/sky.yaml").path

  private func sampler() throws -> SceneSampler {
    try SceneSampler(
      spec: Self.spec,
      SceneSampler.Options(weights: nil, steps: nil, guidance: nil, threads: nil))
  }

  @Test func `combinations that training left out are shown as asked for`() throws {
    let sampler = try sampler()
    let questions = SceneQuestion.questions(of: .heldOut, seed: 100, count: 38)
    let score = SceneScore(
      try questions.map {
        SceneScore.Answer(question: $0, reading: SceneReader.read(try sampler.frames($0)))
      })
    // Generated/sky/evaluation.json has 93 % and more, of which a count of 38 deviates by 1.6; three
    // times that is left for other kernels.
    for right in [score.total.time, score.total.subject, score.total.colour, score.total.motion] {
      #expect(right >= 30, "\(score.table)")
    }
  }

  @Test func `Sora is sky is a blue sky with white clouds that drift`() throws {
    let sampler = try sampler()
    let readings = try (0..<5).map {
      SceneReader.read(
        try sampler.frames(
          SceneQuestion(scene: .plainSky, prompt: "Sora is sky", seed: UInt64($0))))
    }
    let right = readings.filter { Scene.plainSky.agreement(with: $0).isWhole }
    #expect(right.count >= 4, "\(readings)")
  }
}
