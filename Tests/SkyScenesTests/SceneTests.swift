import SkyScenes
import Testing
import Text

/// The combinations, their splits and their captions.
@Suite struct SceneTests {
  @Test func `the splits share no scene and make up all`() {
    let train = Set(Scene.all(of: .train))
    let heldOut = Set(Scene.all(of: .heldOut))
    #expect(train.isDisjoint(with: heldOut))
    #expect(train.union(heldOut) == Set(Scene.all))
    #expect(Set(Scene.all).count == Scene.all.count)
    let share = Double(heldOut.count) / Double(Scene.all.count)
    #expect((0.08...0.13).contains(share), "\(share)")
    #expect(!Scene.plainSky.isHeldOut && Scene.all.contains(.plainSky))
  }

  @Test func `training sees the factors of a held-out scene, in pairs where there are times`() {
    let train = Scene.all(of: .train)
    for scene in Scene.all(of: .heldOut) {
      let seen = train.filter { $0.subject == scene.subject }
      let hasTimes = Set(seen.map(\.time)).count > 1
      let isPaired = seen.contains { $0.colour == scene.colour && $0.motion == scene.motion }
      #expect(isPaired == hasTimes, "\(scene)")
      #expect(seen.contains { $0.colour == scene.colour && $0.time == scene.time }, "\(scene)")
      #expect(seen.contains { $0.time == scene.time && $0.motion == scene.motion }, "\(scene)")
    }
  }

  @Test(arguments: Split.allCases)
  func `captions are short and of the vocabulary, scenes of the split`(split: Split) {
    let vocabulary = Set(SceneCaption.vocabulary)
    for index in 0..<3000 {
      var generator = SceneGenerator(seed: 5, clip: index)
      let scene = generator.scene(of: split)
      #expect(scene.isHeldOut == (split == .heldOut))
      let details = SceneDetails(isCrescent: generator.happens(0.5))
      let caption = SceneCaption.text(of: scene, details, &generator)
      let words = WordTokenizer.words(of: caption)
      #expect((1...14).contains(words.count), "\(caption)")
      #expect(vocabulary.isSuperset(of: words), "\(caption)")
      #expect(caption == caption.lowercased() && !caption.contains("  "), "\(caption)")
    }
  }

  @Test func `captions use every word of the vocabulary, which is small`() {
    var used: Set<String> = []
    for index in 0..<20_000 {
      var generator = SceneGenerator(seed: 1, clip: index)
      let scene = generator.scene(of: .train)
      let details = SceneDetails(isCrescent: generator.happens(0.5))
      used.formUnion(
        WordTokenizer.words(of: SceneCaption.text(of: scene, details, &generator)))
    }
    #expect(used == Set(SceneCaption.vocabulary))
    #expect(SceneCaption.vocabulary == SceneCaption.vocabulary.sorted())
    #expect(SceneCaption.vocabulary.count <= 90)
  }

  @Test func `no caption is said of two scenes`() {
    var scenes: [String: Scene] = [:]
    for index in 0..<20_000 {
      var generator = SceneGenerator(seed: 2, clip: index)
      let scene = generator.scene(of: index.isMultiple(of: 8) ? .heldOut : .train)
      let details = SceneDetails(isCrescent: generator.happens(0.5))
      let caption = SceneCaption.text(of: scene, details, &generator)
      #expect(scenes[caption, default: scene] == scene, "\(caption)")
      scenes[caption] = scene
    }
  }
}
