import Foundation
import Media
import Synchronization

/// Leaves nothing half-written when the program is interrupted.
///
/// A thread of its own waits for the signals, so that what it does is not bound to what a signal
/// handler may do.
final class Interruption: Sendable {
  /// The one of the process.
  static let shared = Interruption()

  private let paths = Mutex<[String]>([])

  private init() {}

  /// Removes the temporary file of an output if the program is interrupted.
  func protect(_ path: String) { paths.withLock { $0.append(path) } }

  /// Blocks the signals in this and all later threads and starts the one that waits for them.
  func install() {
    signal(SIGPIPE, SIG_IGN)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    Thread.detachNewThread { [self] in
      var waited = sigset_t()
      sigemptyset(&waited)
      sigaddset(&waited, SIGINT)
      sigaddset(&waited, SIGTERM)
      var number: Int32 = 0
      sigwait(&waited, &number)
      for path in paths.withLock(\.self) { unlink(temporaryPath(for: path)) }
      Console.show(Console.isTerminal(2) ? "\r\u{1B}[Kinterrupted\n" : "interrupted\n")
      _exit(130)
    }
  }
}
