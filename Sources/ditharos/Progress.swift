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

/// Shows how far a loop has come.
struct ProgressMeter {
  private let style: ProgressStyle
  private let total: Int
  private var start = ContinuousClock.now

  /// A meter of a loop of `total` rounds.
  init(_ style: ProgressStyle, total: Int) {
    self.style = style == .auto ? (Console.isTerminal(2) ? .bar : .jsonl) : style
    self.total = total
    if self.style == .bar { Console.show(bar(0, "")) }
  }

  /// Shows that the first round begins.
  ///
  /// - Parameter setupSeconds: What was before it, from the start of the process on.
  mutating func begin(setupSeconds: Double) {
    start = ContinuousClock.now
    if style != .jsonl { return }
    Console.complain(line(0, [(key: "setup_seconds", value: .number(rounded(setupSeconds)))]))
  }

  /// Shows that a number of rounds, from 1, is done.
  func update(_ done: Int) {
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let left = elapsed / Double(done) * Double(total - done)
    switch style {
    case .none, .auto: break
    case .bar:
      Console.show(done == total ? "\r\u{1B}[K" : bar(done, ", \(seconds(left)) left"))
    case .jsonl:
      Console.complain(
        line(
          done,
          [
            (key: "seconds", value: .number(rounded(elapsed))),
            (key: "seconds_left", value: .number(rounded(left))),
          ]))
    }
  }

  /// The line of JSON after a number of rounds.
  private func line(_ done: Int, _ entries: [(key: String, value: JSONValue)]) -> String {
    let object = JSONValue.object(
      [(key: "step", value: .integer(done)), (key: "steps", value: .integer(total))] + entries)
    return object.text(pretty: false)
  }

  /// A line that replaces the one before.
  private func bar(_ done: Int, _ rest: String) -> String {
    let filled = 30 * done / max(total, 1)
    let cells = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    return "\r\u{1B}[K\(cells) step \(done)/\(total)\(rest)"
  }

  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

  /// A duration for people.
  private func seconds(_ value: Double) -> String {
    if value < 1 { return "\(Int((value * 1000).rounded())) ms" }
    if value < 60 { return "\(Int(value.rounded())) s" }
    return "\(Int(value) / 60) min \(Int(value) % 60) s"
  }
}
