import Foundation
import Media
import Testing

/// A DiT of pictures of two classes, small enough for a test.
let learningSpec = """
  ditharos: 1
  name: learning
  latent: {channels: 1, height: 4, width: 4}
  patch_size: 2
  latent_dim: 16
  depth: 1
  heads: 2
  conditioning:
    label: {classes: 2, dropout: 0.1, names: {0: dark, 1: light}}
    modulation: adaln_zero
  diffusion: {sampler: euler, schedule: flow, prediction: flow, steps: 4}
  training:
    optimizer: {kind: adamw, learning_rate: 0.01}
    ema: 0.9
    batch: 4
    steps: 12

  """

/// A DiT of four words over clips of two frames, behind a linear autoencoder.
let clipSpec = """
  ditharos: 1
  name: clips
  video: {frames: 2, height: 4, width: 4, channels: 3}
  autoencoder: {kind: linear, patch_size: [1, 2, 2], latent_channels: 4, activation: none, frozen: true}
  patch_size: 1
  latent_dim: 16
  depth: 1
  heads: 2
  conditioning:
    prompt: {length: 2, vocabulary: [red, green, blue, sky], width: 4, unknown: error}
    modulation: adaln_zero
  diffusion: {sampler: euler, schedule: flow, prediction: flow, steps: 4}
  training:
    optimizer: {kind: adamw, learning_rate: 0.01}
    batch: 2
    steps: 6

  """

/// Frames of pixels that differ from place to place.
func patterned(
  count: Int = 1, height: Int, width: Int, channels: Int, base: Int
) -> Frames {
  let pixels = (0..<(count * height * width * channels)).map { UInt8((base + 7 * $0) % 256) }
  guard
    let frames = Frames(
      count: count, height: height, width: width, channels: channels, pixels: pixels)
  else { preconditionFailure("the bytes are made to measure") }
  return frames
}

/// Makes a folder.
func makeFolder(_ path: String) throws {
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
}

/// Writes three pictures of each class to the folder `data`.
func writePictures(in folder: String) throws {
  for (label, base) in [("dark", 0), ("light", 120)] {
    try makeFolder("\(folder)/data/\(label)")
    for index in 0..<3 {
      try patterned(height: 4, width: 4, channels: 1, base: base + 11 * index)
        .writePNG(to: "\(folder)/data/\(label)/\(index).png")
    }
  }
}

/// Writes clips with captions to the folder `data`.
func writeClips(in folder: String) async throws {
  try makeFolder("\(folder)/data")
  for (index, caption) in ["red sky", "Green sky.", "blue"].enumerated() {
    try await patterned(count: 2, height: 4, width: 4, channels: 3, base: 60 * index)
      .write(to: "\(folder)/data/\(index).webp")
    try caption.write(to: "\(folder)/data/\(index).txt")
  }
}

/// Runs `train` over the folder `data`, quietly and on one thread, into the folder `run`.
func train(
  _ arguments: String..., in folder: String, spec: String = learningSpec, out: String = "run",
  fileBlockLimit: Int? = nil
) throws -> CommandResult {
  try spec.write(to: "\(folder)/model.yaml")
  let threads = arguments.contains("--threads") ? [] : ["--threads", "1"]
  return try RunningCommand(
    ["train", "model.yaml", "--data", "data", "--out", out, "--progress", "none"] + threads
      + arguments,
    folder: folder, fileBlockLimit: fileBlockLimit
  ).result()
}

/// The metrics of a training without the time that they took.
func untimedMetrics(_ run: String) throws -> [String] {
  let text = try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8)
  return text.split(separator: "\n").map { line in
    String(line.prefix(upTo: line.range(of: ",\"seconds\"")?.lowerBound ?? line.endIndex))
  }
}
