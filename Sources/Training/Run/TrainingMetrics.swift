import Diagnostics
import Documents
import Glibc

/// What a step of a training is written down with: a line of `metrics.jsonl`.
package struct TrainingMetrics: Sendable, Hashable {
  /// The steps taken, this one included.
  package var step: Int
  /// The mean loss of the step's batches.
  package var loss: Double
  /// The running mean of the losses.
  package var smoothedLoss: Double
  /// The norm of the gradients together.
  package var gradientNorm: Double
  /// The learning rate.
  package var learningRate: Double
  /// The seconds since the training began, those between two runs not counted.
  package var seconds: Double

  /// Metrics of a step.
  package init(
    step: Int, loss: Double, smoothedLoss: Double, gradientNorm: Double, learningRate: Double,
    seconds: Double
  ) {
    self.step = step
    self.loss = loss
    self.smoothedLoss = smoothedLoss
    self.gradientNorm = gradientNorm
    self.learningRate = learningRate
    self.seconds = seconds
  }

  /// The line.
  package var json: String {
    JSONValue.object([
      ("step", .integer(step)), ("loss", .number(loss)), ("smoothed_loss", .number(smoothedLoss)),
      ("gradient_norm", .number(gradientNorm)), ("learning_rate", .number(learningRate)),
      ("seconds", .number((seconds * 1000).rounded() / 1000)),
    ]).text(pretty: false)
  }

  /// The metrics of a line; nil where it holds others.
  package init?(json: String) {
    guard let root = try? parseJSON(json, file: "") else { return nil }
    func number(_ key: String) -> Double? { root[key]?.text.flatMap(Double.init) }
    guard let step = root["step"]?.text.flatMap(Int.init), let loss = number("loss"),
      let smoothed = number("smoothed_loss"), let norm = number("gradient_norm"),
      let rate = number("learning_rate"), let seconds = number("seconds")
    else { return nil }
    self.init(
      step: step, loss: loss, smoothedLoss: smoothed, gradientNorm: norm, learningRate: rate,
      seconds: seconds)
  }
}

/// The file `metrics.jsonl` of a training, which one process at a time may write.
final class MetricsLog {
  /// The metrics of all steps so far.
  private(set) var entries: [TrainingMetrics] = []
  private let file: UnsafeMutablePointer<FILE>
  private let path: String

  /// The share of the running mean that a step keeps.
  private static let smoothing = 0.98

  /// Opens the file, which is made where there is none, and leaves the steps after one out of it.
  ///
  /// - Throws: Rule `training.run` where another process writes it; `training.write`.
  init(_ path: String, keepingTo step: Int) throws(DiagnosticsError) {
    self.path = path
    guard let file = fopen(path, "a+") else { throw writingProblem(path) }
    self.file = file
    guard flock(fileno(file), LOCK_EX | LOCK_NB) == 0 else {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.run, "another training is writing to `\(path)`",
          help: "wait for its end, or choose another --out"))
    }
    let text = (try? readTextFile(path, byteLimit: 1 << 32)) ?? ""
    var byteCount = 0
    for line in text.split(separator: "\n") {
      guard let entry = TrainingMetrics(json: String(line)), entry.step <= step,
        entry.step > (entries.last?.step ?? 0)
      else { break }
      entries.append(entry)
      byteCount += line.utf8.count + 1
    }
    // A line that a kill cut short has no end.
    guard ftruncate(fileno(file), off_t(min(byteCount, text.utf8.count))) == 0 else {
      throw writingProblem(path)
    }
  }

  deinit { fclose(file) }

  /// Adds the metrics of a step.
  ///
  /// - Throws: Rule `training.write`.
  func add(_ progress: TrainingProgress, seconds: Double) throws(DiagnosticsError) {
    // A plain mean at first, so that the first loss does not count more than others.
    let kept = min(Self.smoothing, 1 - 1 / Double(entries.count + 1))
    let before = entries.last?.smoothedLoss ?? progress.loss
    let entry = TrainingMetrics(
      step: progress.step, loss: progress.loss,
      smoothedLoss: kept * before + (1 - kept) * progress.loss,
      gradientNorm: progress.gradientNorm, learningRate: progress.learningRate, seconds: seconds)
    guard fputs(entry.json + "\n", file) >= 0, fflush(file) == 0 else {
      throw writingProblem(path)
    }
    entries.append(entry)
  }
}

/// That a file of a training cannot be written, with what the system said last.
func writingProblem(_ path: String) -> DiagnosticsError {
  DiagnosticsError(
    Diagnostic(
      TrainingRules.writing, "`\(path)` cannot be written: \(String(cString: strerror(errno)))",
      help: "make room; `--resume` then continues from the last checkpoint"))
}
