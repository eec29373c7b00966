import ArgumentParser
import Documents
import Media
import SkyScenes

/// `sky-scenes read`: what clips show.
struct ReadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read",
    abstract: "Say what clips show: time of day, object, its colour, its motion.",
    discussion: """
      A line of JSON for each clip, of 48x48 pixels: not enlarged.

        ditharos run Specs/sky.yaml --prompt "a red balloon rises" --scale 1 -o red.webp
        sky-scenes read red.webp
      """)

  @Argument(help: "Animations, videos or folders of frames.")
  var clips: [String]

  func run() async throws {
    try await reporting {
      for clip in clips {
        let frames = try await Frames.read(path: clip)
        let side = SceneRenderer.side
        guard frames.height == side, frames.width == side, frames.count > 1 else {
          throw MediaError(
            path: clip,
            message: "\(frames.count) frames of \(frames.height)x\(frames.width) are no clip",
            help: "give several frames of \(side)x\(side) pixels, as `run --scale 1` makes them")
        }
        let reading = SceneReader.read(frames)
        func text(_ word: String?) -> JSONValue { word.map(JSONValue.string) ?? .null }
        print(
          JSONValue.object([
            ("file", .string(clip)), ("time", .string(reading.time.rawValue)),
            ("object", text(reading.subject?.rawValue)),
            ("colour", text(reading.colour?.rawValue)),
            ("motion", text(reading.motion?.rawValue)),
          ]).text(pretty: false))
      }
    }
  }
}
