import Media
import Testing

/// `run --video`: pictures in, encoded, noised, denoised, decoded.
///
/// The pixels are 0 or 2, which bytes hold exactly, and the noise is 0, so that every number can be
/// worked out with a pen: patches (0,2,2,0) (2,0,0,2) (2,2,0,2) (0,0,2,0), latent
/// `[0 2 2 0; 3 3 5 1]`.
@Suite struct VideoToVideoTests {
  private let pixels: [UInt8] = [0, 2, 2, 0, 2, 0, 0, 2, 2, 2, 0, 2, 0, 0, 2, 0]

  private func withVideo(
    _ body: (_ folder: String, _ arguments: [String]) async throws -> Void
  ) async throws {
    try await withFolder { folder in
      let frames = try #require(
        Frames(
          count: 4, height: 2, width: 2, channels: 1, pixels: pixels.map { $0 / 2 * 255 }))
      try await frames.write(to: "\(folder)/in.webp")
      for index in 0..<4 { try await frames.frame(index).write(to: "\(folder)/\(index + 1).png") }
      try write(
        [("noise", [1, 2, 4, 1, 1], [Float](repeating: 0, count: 8))], to: "\(folder)/zeros")
      try await body(folder, ["run", shipped("sora-by-hand"), "--noise", "zeros", "--video"])
    }
  }

  private func run(_ arguments: [String], in folder: String) throws {
    let result = try RunningCommand(arguments, folder: folder).result()
    #expect(result.status == 0, "\(result.complaints)")
  }

  @Test func `subtracts the noise predicted for the video`() async throws {
    try await withVideo { folder, arguments in
      // Scale [2,-1], shift [-1,5]: C = [-1 3 3 -1; 2 2 0 4], P = [-2 2 6 -1; 6 2 2 4],
      // R = [6 -2 -6 3; 4 0 -4 3].
      let latent: [Float] = [-6, 4, 8, -3, -1, 3, 9, -2]
      try run(arguments + ["in.webp", "-o", "video.safetensors"], in: folder)
      #expect(try values("\(folder)/video.safetensors", "latent") == latent)
      try run(arguments + [folder, "-o", "folder.safetensors"], in: folder)
      #expect(try values("\(folder)/folder.safetensors", "latent") == latent)
      // Decoded (0,4,7,0) (4,0,0,4) (8,0,0,8) (0,0,4,0), of which the range keeps up to 2.
      try run(arguments + ["in.webp", "--scale", "1", "-o", "out.webp"], in: folder)
      let frames = try await Frames.read(path: "\(folder)/out.webp").converted(toChannels: 1)
      let shown: [UInt8] = [0, 2, 2, 0, 2, 0, 0, 2, 2, 0, 0, 2, 0, 0, 2, 0]
      #expect(frames.pixels == shown.map { $0 / 2 * 255 })
    }
  }

  @Test func `runs the last half of the steps at strength one half`() async throws {
    try await withVideo { folder, arguments in
      // Of the steps 3, 2, 1, 0 the last two. At 1: scale [1,-1], shift [0,4],
      // R = [2 -4 -6 1; 2 0 -2 2], latent [-2 6 8 -1; 1 3 7 -1]. At 0: scale [1,-2], shift [0,4],
      // R = [9 -16 -28 5; 5 -4 -12 3].
      try run(
        arguments + ["in.webp", "--steps", "4", "--strength", "0.5", "-o", "x.safetensors"],
        in: folder)
      #expect(
        try values("\(folder)/x.safetensors", "latent") == [-11, 22, 36, -6, -4, 7, 19, -4])
    }
  }

  @Test func `reads a video through ffmpeg`() async throws {
    guard await ffmpegIsInstalled() else { return }
    try await withVideo { folder, arguments in
      let frames = try await Frames.read(path: "\(folder)/in.webp").scaledUp(by: 16)
      try await frames.write(to: "\(folder)/in.mp4")
      try run(arguments + ["in.mp4", "-o", "x.safetensors"], in: folder)
      // H.264 loses a little: a level of 256 is 1/128 of the range.
      let latent: [Float] = [-6, 4, 8, -3, -1, 3, 9, -2]
      let found = try values("\(folder)/x.safetensors", "latent")
      #expect(found.count == 8)
      #expect(zip(found, latent).allSatisfy { abs($0 - $1) < 0.5 })
    }
  }
}
