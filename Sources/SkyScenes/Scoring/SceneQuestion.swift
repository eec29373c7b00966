import Media

/// A prompt, and the scene that it asks for.
package struct SceneQuestion: Sendable, Hashable {
  package let scene: Scene
  package let prompt: String
  /// The seed of the noise that the clip is to start from.
  package let seed: UInt64

  package init(scene: Scene, prompt: String, seed: UInt64) {
    self.scene = scene
    self.prompt = prompt
    self.seed = seed
  }

  /// Questions about the scenes of a split, each scene as often as any other, to within one.
  ///
  /// - Parameter seed: What order, wording and noise follow from.
  package static func questions(of split: Split, seed: UInt64, count: Int) -> [SceneQuestion] {
    // Apart from the clips of a data set of the same seed, which begin at 0.
    let firstClip = 1 << 32
    var generator = SceneGenerator(seed: seed, clip: firstClip)
    var scenes = Scene.all(of: split)
    for index in scenes.indices.reversed() {
      scenes.swapAt(index, generator.index(below: index + 1))
    }
    return (0..<count).map { index in
      let scene = scenes[index % scenes.count]
      var generator = SceneGenerator(seed: seed, clip: firstClip + 1 + index)
      let details = SceneDetails(isCrescent: generator.happens(0.5))
      return SceneQuestion(
        scene: scene, prompt: SceneCaption.text(of: scene, details, &generator),
        seed: seed &+ UInt64(index))
    }
  }
}

extension SceneQuestion {
  /// A drawn clip of the scene, for the reader to be checked with.
  package var renderedFrames: Frames {
    var generator = SceneGenerator(seed: seed, clip: 1 << 33)
    return SceneRenderer(scene, &generator).frames()
  }
}
