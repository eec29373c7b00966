import Diagnostics
import Documents

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Standard output and standard error.
enum Console {
  /// Writes a result to standard output; a closed pipe ends the program quietly.
  static func write(_ text: String) {
    let number = write(text, to: 1)
    if number == 0 { return }
    // The reader has gone: there is nobody left to tell.
    if number == EPIPE { _exit(0) }
    complain("error: standard output cannot be written: \(String(cString: strerror(number)))")
    exit(UsageRules.file.kind.exitStatus)
  }

  /// Writes progress or a complaint to standard error; where nobody reads it, it is lost.
  static func complain(_ text: String) { show(text.hasSuffix("\n") ? text : text + "\n") }

  /// Writes to standard error without ending the line.
  static func show(_ text: String) { _ = write(text, to: 2) }

  /// Whether a stream is a terminal where colour is welcome.
  static func hasColor(_ descriptor: Int32) -> Bool {
    isTerminal(descriptor) && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
  }

  /// Whether a stream is a terminal.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Ends the program.
  static func exit(_ status: Int32) -> Never { endProcess(status) }

  /// Writes all of a text; returns 0, or the error number that stopped it.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { writeBytes($0, to: descriptor) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return errno }
      bytes = bytes.dropFirst(count)
    }
    return 0
  }
}

private func endProcess(_ status: Int32) -> Never { exit(status) }

private func writeBytes(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
