import Media
import SkyScenes
import Testing

/// The reader against clips of known scenes.
@Suite struct SceneReaderTests {
  @Test(arguments: Split.allCases)
  func `rendered clips are read as what they show`(split: Split) {
    let data = SceneDataSet(split: split, seed: 21, count: 250)
    var wrong: [String] = []
    for index in 0..<data.count {
      let clip = data.clip(index)
      let reading = SceneReader.read(clip.frames)
      if !clip.scene.agreement(with: reading).isWhole {
        wrong.append("\(index): \(clip.scene) as \(reading)")
      }
    }
    #expect(wrong.count <= data.count * 2 / 100, "\(wrong.joined(separator: "\n"))")
  }

  @Test func `clips that lack sharpness are read as well`() {
    let questions = SceneQuestion.questions(of: .heldOut, seed: 5, count: 190)
    let right = questions.filter { question in
      let frames = question.renderedFrames
      let blurred = frames.resized(height: 24, width: 24).resized(height: 48, width: 48)
      return question.scene.agreement(with: SceneReader.read(blurred)).isWhole
    }
    #expect(right.count >= questions.count * 96 / 100, "\(right.count)")
  }

  @Test func `a clip played backwards moves the other way`() throws {
    var generator = SceneGenerator(seed: 8, clip: 0)
    for (motion, opposite) in [(Scene.Motion.left, Scene.Motion.right), (.rising, .setting)] {
      let frames = SceneRenderer(Scene(.day, .balloon, .red, motion), &generator).frames()
      let size = frames.pixels.count / frames.count
      let reversed = try #require(
        Frames(
          count: frames.count, height: frames.height, width: frames.width, channels: 3,
          pixels: (0..<frames.count).reversed().flatMap {
            frames.pixels[$0 * size..<($0 + 1) * size]
          }))
      #expect(SceneReader.read(frames).motion == motion)
      #expect(SceneReader.read(reversed).motion == opposite)
    }
  }

  @Test func `an empty sky shows nothing`() throws {
    let frames = try #require(
      Frames(
        count: 12, height: 48, width: 48, channels: 3,
        pixels: [UInt8](repeating: 200, count: 12 * 48 * 48 * 3)))
    let reading = SceneReader.read(frames)
    #expect(reading.subject == nil && reading.colour == nil && reading.motion == nil)
  }
}
