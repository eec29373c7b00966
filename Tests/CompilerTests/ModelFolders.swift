import Foundation

/// A temporary folder of model files.
final class ModelFolders: Sendable {
  let path: String

  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures").path

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/import-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, with the folders around it.
  func write(_ text: String, to name: String) throws {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// Copies the configuration and the weights of a fixture.
  func copyFixture(_ name: String, to folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
    for file in ["config.json", "diffusion_pytorch_model.safetensors"] {
      try FileManager.default.copyItem(
        atPath: "\(Self.fixtures)/\(name)/\(file)", toPath: "\(path)/\(folder)/\(file)")
    }
  }

  /// A pipeline of a fixture's denoiser.
  func makePipeline(_ fixture: String, scheduler: String, extra: String = "") throws {
    try copyFixture(fixture, to: "pipe/transformer")
    try write(scheduler, to: "pipe/scheduler/scheduler_config.json")
    try write(
      """
      {
        "_class_name": "DiTPipeline",
        "_diffusers_version": "0.12.0",
        "scheduler": ["diffusers", "DDIMScheduler"],
        "transformer": ["diffusers", "Transformer2DModel"]\(extra)
      }
      """, to: "pipe/model_index.json")
  }
}
