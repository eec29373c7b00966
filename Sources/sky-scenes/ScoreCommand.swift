import ArgumentParser
import Diagnostics
import Documents
import Media
import SkyScenes

/// `sky-scenes score`: how often a model shows what it is asked for.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Ask a model for scenes, and measure how often its clips show them.",
    discussion: """
      Prompts of the combinations that training left out (or, with --split train, of
      those that it saw) are sampled, and a reader that knows pixels alone says what
      the clips show: time of day, object, its colour, its motion. --rendered reads
      drawn clips instead, which checks the reader.

        sky-scenes score Specs/sky.yaml --count 190 \\
          -o Generated/sky/evaluation.json --sheet Generated/sky/held-out.webp
        sky-scenes score --rendered --count 1000
      """)

  @Argument(help: "The spec of a text-to-video model.")
  var spec: String?

  @Option(help: "A safetensors file, a folder or a compiled model; the spec's own by default.")
  var weights: String?

  @Option(help: "How many clips; each combination comes as often as any other, to within one.")
  var count = 190

  @Option(help: "What prompts and noise follow from.")
  var seed: UInt64 = 0

  @Option(help: "held-out, or train for the combinations that training saw.")
  var split = Split.heldOut

  @Option(help: "Steps of a clip; the spec's by default.")
  var steps: Int?

  @Option(help: "Guidance scale; the spec's by default.")
  var guidance: Double?

  @Option(help: "The number of threads; the processor's cores by default.")
  var threads: Int?

  @Flag(help: "Read drawn clips instead of a model's.")
  var rendered = false

  @Option(help: "A picture or video of the first clip of each combination, up to 25.")
  var sheet: String?

  @Option(name: .shortAndLong, help: "A JSON file with the score and all misses.")
  var output: String?

  func validate() throws {
    guard (1...100_000).contains(count) else {
      throw ValidationError("\(count) clips cannot be scored; use 1 to 100000")
    }
    guard (1...256).contains(threads ?? 1) else { throw ValidationError("use 1 to 256 threads") }
    guard rendered == (spec == nil) else {
      throw ValidationError(
        rendered ? "--rendered needs no spec; leave it out" : "name a spec, or give --rendered")
    }
  }

  func run() async throws {
    try await reporting {
      if let output { try checkWritable(path: output) }
      if let sheet { try await Frames.checkOutput(path: sheet) }
      let sampler = try spec.map { (spec) throws(DiagnosticsError) in
        try SceneSampler(
          spec: spec,
          SceneSampler.Options(
            weights: weights, steps: steps, guidance: guidance, threads: threads))
      }
      var answers: [SceneScore.Answer] = []
      var shown: [(question: SceneQuestion, frames: Frames)] = []
      for question in SceneQuestion.questions(of: split, seed: seed, count: count) {
        let frames = try sampler?.frames(question) ?? question.renderedFrames
        answers.append(SceneScore.Answer(question: question, reading: SceneReader.read(frames)))
        if shown.count < 25, !shown.contains(where: { $0.question.scene == question.scene }) {
          shown.append((question, frames))
        }
        if answers.count.isMultiple(of: 25) || answers.count == count {
          complain("\(answers.count) of \(count) clips")
        }
      }
      let score = SceneScore(answers)
      print(score.table, terminator: "")
      if let sheet {
        try await Frames.contactSheet(shown.map(\.frames), columns: 5, gap: 2)
          .scaledUp(by: 2).write(to: sheet, framesPerSecond: SceneRenderer.framesPerSecond)
      }
      if let output {
        let text = score.json(entries(sampler, shown.map(\.question.prompt))).text()
        try writeAtomically(path: output, bytes: Array("\(text)\n".utf8))
      }
    }
  }

  /// What the score is of.
  private func entries(
    _ sampler: SceneSampler?, _ prompts: [String]
  ) -> [(key: String, value: JSONValue)] {
    var entries: [(key: String, value: JSONValue)] = [("command", .string(command))]
    if let sampler {
      entries += [
        ("model", .string(sampler.name)), ("steps", .integer(sampler.steps)),
        ("guidance", .number(sampler.guidance)),
      ]
    }
    entries += [("split", .string(split.rawValue)), ("seed", .integer(Int(clamping: seed)))]
    if let sheet {
      entries.append(
        (
          "sheet",
          .object([
            ("file", .string(sheet)), ("prompts", .array(prompts.map(JSONValue.string))),
          ])
        ))
    }
    return entries
  }

  /// The command that repeats the score; threads change nothing of it.
  private var command: String {
    var words = ["sky-scenes score"]
    words += rendered ? ["--rendered"] : [spec].compactMap(\.self)
    func add(_ option: String, _ value: (some CustomStringConvertible)?) {
      if let value { words.append("\(option) \(value)") }
    }
    add("--weights", weights)
    add("--split", split.rawValue)
    add("--count", count)
    add("--seed", seed)
    add("--steps", steps)
    add("--guidance", guidance)
    add("--sheet", sheet)
    add("-o", output)
    return words.joined(separator: " ")
  }
}
