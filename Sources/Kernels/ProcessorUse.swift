import Glibc

/// How much of the processors this process gets, from a moment on.
package struct ProcessorUse {
  private let start = ContinuousClock.now
  private let used = Self.processorSeconds()

  /// From now on.
  package init() {}

  /// The share of the time of so many threads that the process has had: about 1 where they are
  /// always busy and nothing else runs, less where other processes take their turns.
  package func share(threadCount: Int) -> Double {
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    return (Self.processorSeconds() - used) / max(elapsed * Double(threadCount), 1e-9)
  }

  /// The time that all threads of the process have run.
  private static func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
    }
  }
}
