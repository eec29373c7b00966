#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The time since the process began.
enum ProcessClock {
  /// The process's begin: what it had worked when it was first asked is counted back from then.
  ///
  /// Until its main function runs a process works without waiting, unless its files come from a disk.
  private static let start: ContinuousClock.Instant = {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    let worked = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    return ContinuousClock.now - worked
  }()

  /// Takes the time; to be called first in the program.
  static func begin() { _ = start }

  /// The seconds since the process began.
  static var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
}
