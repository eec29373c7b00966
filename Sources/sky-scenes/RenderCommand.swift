import ArgumentParser
import Kernels
import SkyScenes

extension Split: ExpressibleByArgument {}

/// `sky-scenes render`: clips with captions.
struct RenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render",
    abstract: "Write captioned clips: 48x48 pixels, 12 frames, in colour.",
    discussion: """
      Each clip is an animated lossless WebP; captions.jsonl, written last, has a
      line {"file": "...", "caption": "..."} for each. The same seed gives the same
      clips. Some combinations of time, object, colour and motion are kept out of
      training, and only --split held-out shows them.

        sky-scenes render --out out/sky --count 20000
        sky-scenes render --out out/sky-held-out --count 200 --split held-out
      """)

  @Option(help: "The folder to write to; made if it is missing.")
  var out: String

  @Option(help: "How many clips.")
  var count = 20_000

  @Option(help: "What the clips are made from.")
  var seed: UInt64 = 0

  @Option(help: "train, or held-out for the combinations that training leaves out.")
  var split = Split.train

  @Option(help: "The number of threads; the processor's cores by default.")
  var threads: Int?

  func validate() throws {
    guard (1...1_000_000).contains(count) else {
      throw ValidationError("\(count) clips cannot be made; use 1 to 1000000")
    }
    guard (1...256).contains(threads ?? 1) else { throw ValidationError("use 1 to 256 threads") }
  }

  func run() async throws {
    try await reporting {
      let count = count
      try await SceneDataSet(split: split, seed: seed, count: count).write(
        to: out, threads: threads ?? Processor.current().defaultThreadCount
      ) { done in
        if done % 5000 == 0 || done == count { complain("\(done) of \(count) clips") }
      }
    }
  }
}

/// `sky-scenes vocabulary`: the words of all captions.
struct VocabularyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vocabulary",
    abstract: "Print the words of all captions as a YAML list, for the spec.")

  func run() {
    print("[" + SceneCaption.vocabulary.map(quoted).joined(separator: ", ") + "]")
  }

  /// A word as YAML reads it as a text.
  private func quoted(_ word: String) -> String {
    ["on", "off", "yes", "no", "y", "n", "true", "false"].contains(word) ? "\"\(word)\"" : word
  }
}
