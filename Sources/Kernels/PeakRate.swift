import CKernels
import Tensors

extension KernelRow {
  /// The floating-point operations per second that all threads of a pool reach together with the
  /// row's fastest multiply-adds on registers alone; a multiply-add is two.
  ///
  /// The best of several short attempts, since whatever else runs on the machine only takes away.
  ///
  /// - Parameter seconds: About how long to measure.
  package func peakRate(_ precision: Precision, pool: ThreadPool, seconds: Double = 0.2) -> Double {
    let loop =
      switch precision {
      case .f32: functions.pointee.peak
      case .bf16: functions.pointee.peak_bf16
      }
    guard let loop else { return 0 }
    let operationsPerRound = Double(loop(1)) * Double(pool.threadCount)
    var rounds: Int64 = 1 << 10
    var best = 0.0
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    repeat {
      let count = rounds
      let start = clock.now
      pool.run { _, _ in _ = loop(count) }
      let elapsed = (clock.now - start) / .seconds(1)
      best = max(best, operationsPerRound * Double(count) / elapsed)
      if elapsed < seconds / 16 { rounds *= 2 }
    } while clock.now < deadline
    return best
  }
}
