import Documents
import Training

/// Shows how far a training has come.
struct TrainingMeter {
  private let style: ProgressStyle
  private var shown: ContinuousClock.Instant?

  /// A meter; lines of JSON come every five seconds at most.
  init(_ style: ProgressStyle) {
    self.style = style == .auto ? (Console.isTerminal(2) ? .bar : .jsonl) : style
  }

  /// Shows that samples were read.
  mutating func read(_ done: Int, of count: Int) {
    guard isDue(done == count) else { return }
    switch style {
    case .none, .auto: break
    case .bar: Console.show("\r\u{1B}[Kreading samples \(done)/\(count)")
    case .jsonl:
      Console.complain(
        JSONValue.object([("read", .integer(done)), ("samples", .integer(count))])
          .text(pretty: false))
    }
  }

  /// Shows a step.
  mutating func update(
    _ metrics: TrainingMetrics, of steps: Int, samplesPerSecond: Double, secondsLeft: Double,
    nextCheckpoint: Double
  ) {
    guard isDue(metrics.step == steps) else { return }
    switch style {
    case .none, .auto: break
    case .bar:
      let filled = 30 * metrics.step / max(steps, 1)
      let cells = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
      Console.show(
        "\r\u{1B}[K\(cells) step \(metrics.step)/\(steps), loss \(digits(metrics.smoothedLoss)), "
          + "\(digits(samplesPerSecond)) samples/s, \(duration(secondsLeft)) left, checkpoint in "
          + duration(nextCheckpoint))
    case .jsonl:
      Console.complain(
        JSONValue.object([
          ("step", .integer(metrics.step)), ("steps", .integer(steps)),
          ("loss", .number(metrics.loss)), ("smoothed_loss", .number(metrics.smoothedLoss)),
          ("learning_rate", .number(metrics.learningRate)),
          ("samples_per_second", .number(rounded(samplesPerSecond))),
          ("seconds_left", .number(rounded(secondsLeft))),
          ("seconds_to_checkpoint", .number(rounded(nextCheckpoint))),
        ]).text(pretty: false))
    }
  }

  /// Shows that a file or folder was written.
  func wrote(_ path: String) {
    switch style {
    case .none, .auto: break
    case .bar: Console.show("\r\u{1B}[K\(path): written\n")
    case .jsonl:
      Console.complain(JSONValue.object([("written", .string(path))]).text(pretty: false))
    }
  }

  /// Takes the bar away.
  func clear() { if style == .bar { Console.show("\r\u{1B}[K") } }

  /// Whether enough time has passed to show something again.
  private mutating func isDue(_ isLast: Bool) -> Bool {
    let now = ContinuousClock.now
    if !isLast, let shown, now - shown < .milliseconds(style == .bar ? 100 : 5000) { return false }
    shown = now
    return true
  }

  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

  /// A number with about four digits.
  private func digits(_ value: Double) -> String {
    let factor = value >= 100 ? 1.0 : value >= 1 ? 100 : 10000
    return JSONValue.number((value * factor).rounded() / factor).text()
  }

  /// A duration for people.
  private func duration(_ seconds: Double) -> String {
    if seconds < 60 { return "\(Int(seconds.rounded())) s" }
    if seconds < 3600 { return "\(Int(seconds / 60)) min" }
    return "\(Int(seconds / 3600)) h \(Int(seconds / 60) % 60) min"
  }
}
