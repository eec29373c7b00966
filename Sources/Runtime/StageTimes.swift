import GraphIR

/// How long the runs of one stage took, in sum.
package struct StageTimes: Sendable, Hashable {
  /// One call of a kernel in the stage, over all runs.
  package struct Call: Sendable, Hashable {
    /// What it does.
    package var work: KernelWork
    /// The time of all runs, with the wait for the other threads.
    package var seconds: Double

    /// A call.
    package init(work: KernelWork, seconds: Double) {
      self.work = work
      self.seconds = seconds
    }
  }

  /// When the stage runs.
  package var binding: Binding
  /// How often it ran.
  package var runs: Int
  /// The time of all runs.
  package var seconds: Double
  /// Its kernel calls, in order.
  package var calls: [Call]

  /// Times of a stage.
  package init(binding: Binding, runs: Int, seconds: Double, calls: [Call]) {
    self.binding = binding
    self.runs = runs
    self.seconds = seconds
    self.calls = calls
  }
}

/// Adds up the time of a stage's runs.
struct Stopwatch {
  private(set) var runs = 0
  private(set) var nanoseconds: UInt64 = 0

  mutating func time(_ body: () -> Void) {
    let start = clockNanoseconds()
    body()
    nanoseconds += clockNanoseconds() - start
    runs += 1
  }
}
