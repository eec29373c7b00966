import ArgumentParser
import Documents

/// How progress is shown on standard error.
enum ProgressStyle: String, CaseIterable, ExpressibleByArgument {
  /// A bar on a terminal, JSON lines otherwise.
  case auto
  case bar
  case jsonl
  case none
}

/// Shows how far a run has come: samples, one batch after another, in steps.
struct ProgressMeter {
  private let style: ProgressStyle
  private let steps: Int
  private let samples: Int
  private let batch: Int
  private var start = ContinuousClock.now

  /// A meter of a run of `steps` steps for each batch of samples.
  init(_ style: ProgressStyle, steps: Int, samples: Int = 1, batch: Int = 1) {
    self.style = style == .auto ? (Console.isTerminal(2) ? .bar : .jsonl) : style
    self.steps = steps
    self.samples = samples
    self.batch = batch
    if self.style == .bar { Console.show(bar(0, first: 0, "")) }
  }

  /// Shows that the first step of all begins.
  ///
  /// - Parameter setupSeconds: What was before it, from the start of the process on.
  mutating func begin(setupSeconds: Double) {
    start = ContinuousClock.now
    if style != .jsonl { return }
    Console.complain(
      line(0, first: 0, [(key: "setup_seconds", value: .number(rounded(setupSeconds)))]))
  }

  /// Shows that a number of steps is done of the batch that begins with a sample.
  ///
  /// - Parameters:
  ///   - done: From 0; after the last the bar is gone.
  ///   - first: The sample's place, from 0.
  func update(_ done: Int, first: Int = 0) {
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let finished = first / batch * steps + done
    let all = (samples + batch - 1) / batch * steps
    let left = finished == 0 ? 0 : elapsed / Double(finished) * Double(all - finished)
    switch style {
    case .none, .auto: break
    case .bar:
      let rest = finished == 0 ? "" : ", \(seconds(left)) left"
      Console.show(done == steps ? "\r\u{1B}[K" : bar(done, first: first, rest))
    case .jsonl where done > 0:
      Console.complain(
        line(
          done, first: first,
          [
            (key: "seconds", value: .number(rounded(elapsed))),
            (key: "seconds_left", value: .number(rounded(left))),
          ]))
    case .jsonl: break
    }
  }

  /// The line of JSON after a number of steps.
  private func line(
    _ done: Int, first: Int, _ entries: [(key: String, value: JSONValue)]
  ) -> String {
    var place: [(key: String, value: JSONValue)] = [
      (key: "step", value: .integer(done)), (key: "steps", value: .integer(steps)),
    ]
    if samples > 1 {
      place += [
        (key: "sample", value: .integer(first + 1)), (key: "samples", value: .integer(samples)),
      ]
    }
    return JSONValue.object(place + entries).text(pretty: false)
  }

  /// A line that replaces the one before.
  private func bar(_ done: Int, first: Int, _ rest: String) -> String {
    let filled = 30 * done / max(steps, 1)
    let cells = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    let last = min(first + batch, samples)
    let batchText = "samples \(first + 1)-\(last)/\(samples) "
    let sample =
      samples == 1
      ? ""
      : batch == 1 ? "sample \(first + 1)/\(samples) " : batchText
    return "\r\u{1B}[K\(cells) \(sample)step \(done)/\(steps)\(rest)"
  }

  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

  /// A duration for people.
  private func seconds(_ value: Double) -> String {
    if value < 1 { return "\(Int((value * 1000).rounded())) ms" }
    if value < 60 { return "\(Int(value.rounded())) s" }
    return "\(Int(value) / 60) min \(Int(value) % 60) s"
  }
}
