import Diagnostics
import Diffusion
import Foundation
import Media
import ModelSpec
import Testing
import Training

/// What a data folder gives a model.
@Suite struct DataFolderTests {
  private static let labelled = """
    ditharos: 1
    name: labelled
    image: {height: 4, width: 4, channels: 1, range: [0, 1]}
    patch_size: 2
    latent_dim: 16
    depth: 1
    heads: 1
    conditioning: {label: {classes: 12}, modulation: adaln_zero}
    diffusion: {sampler: euler, schedule: flow, prediction: flow}
    training: {optimizer: {learning_rate: 0.1}}
    """

  private func withFolder(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "ditharos-data-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private func write(_ names: [String], in folder: String) throws {
    for name in names {
      let url = URL(fileURLWithPath: "\(folder)/\(name)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("x".utf8).write(to: url)
    }
  }

  private func labels(
    of folders: [String], names: [String]? = nil
  ) throws -> [String: Int?] {
    var labels: [String: Int?] = [:]
    try withFolder { folder in
      try write(folders.map { "\($0)/a.png" }, in: folder)
      let spec = try loadSpec(text: Self.labelled, file: "x.yaml", folder: nil).spec
      let data = try DataFolder(folder, for: spec, names: names.map(LabelNames.init))
      for item in data.items { labels[item.path] = item.label }
    }
    return labels
  }

  @Test func `a class is a name, else a number, else a place in natural order`() throws {
    #expect(
      try labels(of: ["b", "a"], names: ["x", "b", "a, an"]) == ["a/a.png": 2, "b/a.png": 1])
    #expect(try labels(of: ["11", "2"]) == ["11/a.png": 11, "2/a.png": 2])
    #expect(
      try labels(of: ["c10", "c9", "c1"]) == ["c1/a.png": 0, "c9/a.png": 1, "c10/a.png": 2])
    #expect(try labels(of: ["12", "2"]) == ["2/a.png": 0, "12/a.png": 1])
  }

  @Test func `samples are in natural order, in sub-folders too, hidden ones left out`() throws {
    try withFolder { folder in
      try write(
        [
          "1/b10.png", "1/b9.png", "1/deep/er/a.webp", ".git/x.png", "0/.a.png", "1/c.mp4", "n.txt",
        ],
        in: folder)
      let spec = try loadSpec(text: Self.labelled, file: "x.yaml", folder: nil).spec
      let data = try DataFolder(folder, for: spec, names: nil)
      #expect(data.items.map(\.path) == ["1/b9.png", "1/b10.png", "1/deep/er/a.webp"])
      #expect(data.skipped.map(\.path) == ["1/c.mp4"])
    }
  }

  @Test func `pictures are the latent where there is no autoencoder`() throws {
    let spec = try loadSpec(text: Self.labelled, file: "x.yaml", folder: nil).spec
    #expect(spec.denoiser?.latent.dimensions == [1, 4, 4])
    #expect(spec.samplePixels?.range == 0...1)
    let bare = Self.labelled.replacing(
      "image: {height: 4, width: 4, channels: 1, range: [0, 1]}",
      with: "latent: {channels: 3, frames: 2, height: 4, width: 4}")
    let latent = try loadSpec(text: bare, file: "x.yaml", folder: nil).spec
    #expect(
      latent.samplePixels
        == PixelSpace(frames: 2, height: 4, width: 4, channels: 3, range: -1...1))
    let four = bare.replacing("channels: 3", with: "channels: 4")
    #expect(try loadSpec(text: four, file: "x.yaml", folder: nil).spec.samplePixels == nil)
  }
}
