import Diagnostics
import Glibc
import Media
import ModelSpec

/// What happens in a training.
package enum TrainingEvent: Sendable {
  /// A step was taken.
  case step(TrainingMetrics, samplesPerSecond: Double, secondsLeft: Double, nextCheckpoint: Double)
  /// A checkpoint was written to a path.
  case checkpoint(String)
  /// Samples were written to a path.
  case samples(String)
}

/// How a training ended.
package enum TrainingEnd: Sendable, Hashable {
  /// All steps are taken, and the weights are written.
  case finished
  /// It was told to stop, and has written a checkpoint.
  case stopped
}

extension TrainingSession {
  /// The seconds between two checkpoints where no steps are given.
  private static let checkpointSeconds = 600.0

  /// Trains to the last step.
  ///
  /// - Parameters:
  ///   - isStopping: Asked before each step; true ends the training after a checkpoint.
  ///   - report: Called with what happens.
  /// - Throws: Rules `training.not-finite` and `training.write`; checkpoints that are written stay.
  package func run(
    isStopping: () -> Bool, report: (TrainingEvent) -> Void
  ) async throws -> TrainingEnd {
    var pace = TrainingPace(self)
    if trainer.step >= stepCount {
      try writeWeights()
      try writeCurve()
    }
    while trainer.step < stepCount {
      if isStopping() {
        try checkpoint(&pace, report)
        return .stopped
      }
      let progress = try trainer.takeStep()
      pace.count(progress.step)
      try log.add(progress, seconds: pace.seconds)
      if let entry = log.entries.last { report(pace.event(entry)) }
      let isLast = trainer.step == stepCount
      if let interval = sampleInterval, isLast || trainer.step % interval == 0 {
        report(.samples(try await writeSamples()))
        pace.pause()
      }
      if isLast || pace.isCheckpointDue { try checkpoint(&pace, report) }
    }
    return .finished
  }

  private func checkpoint(
    _ pace: inout TrainingPace, _ report: (TrainingEvent) -> Void
  ) throws {
    // One of this step is there already where a training is stopped at once.
    if folder.checkpoints.first != trainer.step {
      report(.checkpoint(try trainer.writeCheckpoint(in: folder.path)))
      folder.clean()
    }
    try writeWeights()
    if !log.entries.isEmpty { try writeCurve() }
    pace.checkpointed()
  }

  /// How fast a training goes, and when its next checkpoint is due.
  private struct TrainingPace {
    private let stepCount: Int
    private let samplesPerStep: Int
    private let interval: Int?
    private let before: Double
    private let start = ContinuousClock.now
    private var lastCheckpoint = ContinuousClock.now
    private var lastStep = ContinuousClock.now
    private var stepSeconds: Double?
    private var step: Int

    init(_ session: TrainingSession) {
      stepCount = session.stepCount
      samplesPerStep = session.trainer.training.batch * session.trainer.training.accumulate
      interval = session.settings.checkpointEvery
      before = session.log.entries.last?.seconds ?? 0
      step = session.trainer.step
    }

    private static func seconds(since instant: ContinuousClock.Instant) -> Double {
      (ContinuousClock.now - instant) / .seconds(1)
    }

    /// The seconds of the training, earlier runs included.
    var seconds: Double { before + Self.seconds(since: start) }

    /// Counts a step that has just ended.
    mutating func count(_ step: Int) {
      let took = Self.seconds(since: lastStep)
      stepSeconds = stepSeconds.map { 0.95 * $0 + 0.05 * took } ?? took
      self.step = step
      pause()
    }

    /// Leaves out what was no step.
    mutating func pause() { lastStep = ContinuousClock.now }

    mutating func checkpointed() {
      lastCheckpoint = ContinuousClock.now
      pause()
    }

    var isCheckpointDue: Bool {
      if let interval { return step % interval == 0 }
      return Self.seconds(since: lastCheckpoint) >= TrainingSession.checkpointSeconds
    }

    func event(_ entry: TrainingMetrics) -> TrainingEvent {
      let took = max(stepSeconds ?? 0, 1e-9)
      let next =
        interval.map { Double($0 - step % $0) * took }
        ?? TrainingSession.checkpointSeconds - Self.seconds(since: lastCheckpoint)
      let left = Double(stepCount - step) * took
      return .step(
        entry, samplesPerSecond: Double(samplesPerStep) / took, secondsLeft: left,
        nextCheckpoint: max(0, min(next, left)))
    }
  }
}
