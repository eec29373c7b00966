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
  /// The names and the notice are never freed, so that the handler cannot meet one that is gone.
  private static let temporaryFile = Atomic<Int>(0)
  /// The same for a second file.
  private static let temporaryPreview = Atomic<Int>(0)
  /// Whether the first signal asks rather than ends.
  private static let isAsking = Atomic<Bool>(false)
  /// Whether the program was asked to stop.
  private static let wasAsked = Atomic<Bool>(false)
  /// The address of what the handler says, or 0 for its usual word.
  private static let notice = Atomic<Int>(0)

  /// Removes the temporary file of an output if the program is interrupted from here on.
  ///
  /// - Parameters:
  ///   - preview: A second output that is written in the meantime.
  ///   - words: What to say then; nil for the usual word.
  static func protect(_ path: String, preview: String? = nil, saying words: String? = nil) {
    temporaryFile.store(Int(bitPattern: strdup(temporaryPath(for: path))), ordering: .releasing)
    temporaryPreview.store(
      preview.map { Int(bitPattern: strdup(temporaryPath(for: $0))) } ?? 0, ordering: .releasing)
    notice.store(
      words.map { Int(bitPattern: strdup($0 + "\n")) } ?? 0, ordering: .releasing)
  }

  /// Lets the program end its work when it is told to stop; told a second time, it ends at once.
  ///
  /// - Parameter words: What to say the first time.
  static func postpone(saying words: String) {
    notice.store(Int(bitPattern: strdup(words + "\n")), ordering: .releasing)
    isAsking.store(true, ordering: .releasing)
  }

  /// Whether the program was told to stop since `postpone`.
  static var isRequested: Bool { wasAsked.load(ordering: .acquiring) }

  /// Ends the program with status 130 when it is told to stop.
  ///
  /// A handler rather than a waiting thread: the runtime's main thread takes signals that all
  /// others block. The handler calls only what POSIX allows in one. It is installed even where the
  /// parent ignores SIGINT, as a shell does for what it starts in the background; but `nohup` has
  /// the last word on SIGHUP, a terminal's end.
  static func install() {
    temporaryFile.store(0, ordering: .releasing)
    temporaryPreview.store(0, ordering: .releasing)
    notice.store(0, ordering: .releasing)
    signal(SIGPIPE, SIG_IGN)
    // A file beyond the limit of the process is then an error of the write.
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP]) {
      signal(number) { _ in
        if isatty(2) == 1 { Interruption.say("\r\u{1B}[K") }
        let isFirst =
          Interruption.isAsking.load(ordering: .acquiring)
          && !Interruption.wasAsked.exchange(true, ordering: .acquiringAndReleasing)
        let words = Interruption.notice.load(ordering: .acquiring)
        if let words = UnsafePointer<CChar>(bitPattern: words),
          isFirst || !Interruption.wasAsked.load(ordering: .acquiring)
        {
          _ = write(2, words, strlen(words))
        } else {
          Interruption.say("interrupted\n")
        }
        if isFirst { return }
        Interruption.remove(Interruption.temporaryFile.load(ordering: .acquiring))
        Interruption.remove(Interruption.temporaryPreview.load(ordering: .acquiring))
        _exit(130)
      }
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func remove(_ address: Int) {
    if let path = UnsafePointer<CChar>(bitPattern: address) { unlink(path) }
  }

  private static func say(_ text: StaticString) {
    _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
  }
}
