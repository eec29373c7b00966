import Media
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Leaves nothing half-written when the program is interrupted.
enum Interruption {
  /// The address of the name of the temporary file that the handler is to remove, or 0.
  ///
  /// The name is never freed, so that the handler cannot meet one that is gone.
  private static let temporaryFile = Atomic<Int>(0)

  /// Removes the temporary file of an output if the program is interrupted from here on.
  static func protect(_ path: String) {
    temporaryFile.store(Int(bitPattern: strdup(temporaryPath(for: path))), ordering: .releasing)
  }

  /// Ends the program with status 130 when it is told to stop.
  ///
  /// A handler rather than a waiting thread: the runtime's main thread takes signals that all
  /// others block. The handler calls only what POSIX allows in one. It is installed even where the
  /// parent ignores SIGINT, as a shell does for what it starts in the background.
  static func install() {
    temporaryFile.store(0, ordering: .releasing)
    signal(SIGPIPE, SIG_IGN)
    // A file beyond the limit of the process is then an error of the write.
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        Interruption.say(isatty(2) == 1 ? "\r\u{1B}[Kinterrupted\n" : "interrupted\n")
        let address = Interruption.temporaryFile.load(ordering: .acquiring)
        if let path = UnsafePointer<CChar>(bitPattern: address) { unlink(path) }
        _exit(130)
      }
    }
  }

  private static func say(_ text: StaticString) {
    _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
  }
}
