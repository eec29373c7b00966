import Documents
import Glibc
import Media

/// One clip of a data set.
package struct SceneClip: Sendable {
  /// What it shows.
  package let scene: Scene
  /// What is said about it.
  package let caption: String
  package let frames: Frames
}

/// Captioned clips, each made from the seed and its number alone.
package struct SceneDataSet: Sendable {
  package let split: Split
  package let seed: UInt64
  /// How many clips there are.
  package let count: Int

  package init(split: Split, seed: UInt64, count: Int) {
    self.split = split
    self.seed = seed
    self.count = count
  }

  /// A clip by its number, from 0.
  package func clip(_ index: Int) -> SceneClip {
    var generator = SceneGenerator(seed: seed, clip: index)
    let scene = generator.scene(of: split)
    let renderer = SceneRenderer(scene, &generator)
    let caption = SceneCaption.text(of: scene, renderer.details, &generator)
    return SceneClip(scene: scene, caption: caption, frames: renderer.frames())
  }

  /// The file of a clip.
  static func fileName(_ index: Int) -> String {
    let digits = String(index)
    return "clip-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".webp"
  }

  /// Writes every clip as a lossless animated WebP, and at the end their captions, one JSON object
  /// a line, as `captions.jsonl`; a folder with that file is whole.
  ///
  /// - Parameter progress: Called now and then with the number of clips written.
  /// - Throws: `MediaError` where the folder cannot be made or written to.
  package func write(
    to folder: String, threads: Int, progress: @escaping @Sendable (Int) -> Void
  ) async throws {
    if mkdir(folder, 0o777) != 0, errno != EEXIST {
      throw MediaError(path: folder, message: "the folder cannot be made")
    }
    let captionsPath = "\(folder)/captions.jsonl"
    try checkWritable(path: captionsPath)
    let share = 250
    let starts = Array(stride(from: 0, to: count, by: share))
    var captions = [[String]](repeating: [], count: starts.count)
    try await withThrowingTaskGroup(of: (part: Int, captions: [String]).self) { group in
      var next = 0
      var done = 0
      func begin() {
        guard next < starts.count else { return }
        let part = next
        let range = starts[part]..<min(starts[part] + share, count)
        next += 1
        group.addTask { (part, try write(range, to: folder)) }
      }
      for _ in 0..<max(1, threads) { begin() }
      while let result = try await group.next() {
        captions[result.part] = result.captions
        done += result.captions.count
        progress(done)
        begin()
      }
    }
    let lines = captions.joined().enumerated().map { index, caption in
      JSONValue.object([
        ("file", .string(Self.fileName(index))), ("caption", .string(caption)),
      ]).text(pretty: false) + "\n"
    }
    try writeAtomically(path: captionsPath, bytes: Array(lines.joined().utf8))
  }

  /// Writes some of the clips.
  ///
  /// - Returns: Their captions.
  private func write(_ range: Range<Int>, to folder: String) throws(MediaError) -> [String] {
    var captions: [String] = []
    for index in range {
      let clip = clip(index)
      let path = "\(folder)/\(Self.fileName(index))"
      let bytes = try clip.frames.encodedWebP(
        path: path, framesPerSecond: SceneRenderer.framesPerSecond)
      try writeAtomically(path: path, bytes: bytes)
      captions.append(clip.caption)
    }
    return captions
  }
}
