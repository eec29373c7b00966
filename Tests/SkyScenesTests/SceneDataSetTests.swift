import Foundation
import Media
import SkyScenes
import Testing

/// Clips, and the folder that they are written to.
@Suite struct SceneDataSetTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("sky-scenes-\(UUID().uuidString)").path

  @Test func `clips follow from seed and number alone`() {
    let one = SceneDataSet(split: .train, seed: 3, count: 10)
    let other = SceneDataSet(split: .train, seed: 3, count: 1000)
    for index in [0, 7, 9] {
      #expect(one.clip(index).frames == other.clip(index).frames)
      #expect(one.clip(index).caption == other.clip(index).caption)
    }
    #expect(one.clip(0).frames != one.clip(1).frames)
    let reseeded = SceneDataSet(split: .train, seed: 4, count: 10)
    #expect(one.clip(0).frames != reseeded.clip(0).frames)
  }

  @Test func `clips have the promised size, and move unless they are still`() {
    let data = SceneDataSet(split: .train, seed: 0, count: 60)
    for index in 0..<data.count {
      let clip = data.clip(index)
      #expect(clip.frames.count == 12 && clip.frames.channels == 3)
      #expect(clip.frames.height == 48 && clip.frames.width == 48)
      if clip.scene.motion != .still {
        #expect(clip.frames.frame(0) != clip.frames.frame(11), "\(clip.scene)")
      }
    }
  }

  @Test func `a folder holds the clips and a line of caption for each`() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = SceneDataSet(split: .heldOut, seed: 11, count: 6)
    try await data.write(to: folder, threads: 2) { _ in }
    let lines = try String(contentsOfFile: "\(folder)/captions.jsonl", encoding: .utf8)
      .split(separator: "\n")
    #expect(lines.count == data.count)
    for (index, line) in lines.enumerated() {
      let entry = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
      let clip = data.clip(index)
      #expect(entry["caption"] == clip.caption)
      let file = try #require(entry["file"])
      #expect(try await Frames.read(path: "\(folder)/\(file)") == clip.frames)
    }
  }

  @Test func `a folder that cannot be made is named`() async {
    let data = SceneDataSet(split: .train, seed: 0, count: 1)
    await #expect(throws: MediaError.self) {
      try await data.write(to: "\(folder)/missing/clips", threads: 1) { _ in }
    }
  }
}
