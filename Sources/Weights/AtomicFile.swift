import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that appears under its name complete, or not at all.
///
/// Bytes go to a temporary file in the same folder, which `commit` renames; a value that goes
/// away uncommitted removes it.
struct AtomicFile: ~Copyable {
  private let path: String
  private let temporaryPath: String
  private var descriptor: Int32

  /// Creates the temporary file beside `path`.
  ///
  /// - Throws: `weights.write`.
  init(path: String) throws(DiagnosticsError) {
    var template = Array("\(path).XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    let number = errno
    guard descriptor >= 0 else { throw writeFailure(path, number) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    self.path = path
    temporaryPath = template.withUnsafeBufferPointer { name in
      String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(temporaryPath)
    }
  }

  /// Appends bytes.
  ///
  /// - Throws: `weights.write`.
  func append(_ bytes: UnsafeRawBufferPointer) throws(DiagnosticsError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let count = write(descriptor, piece.baseAddress, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw writeFailure(path, errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Gives the file its name, replacing one that is there.
  ///
  /// - Throws: `weights.write`.
  consuming func commit() throws(DiagnosticsError) {
    // mkstemp makes files that only their owner can read; others get what the umask allows.
    let mask = umask(0)
    umask(mask)
    guard fchmod(descriptor, 0o666 & ~mask) == 0, fsync(descriptor) == 0,
      rename(temporaryPath, path) == 0
    else { throw writeFailure(path, errno) }
    close(descriptor)
    descriptor = -1
  }
}

private func writeFailure(_ path: String, _ number: Int32) -> DiagnosticsError {
  DiagnosticsError(
    Diagnostic(WeightRules.write, "cannot write `\(path)`: \(systemMessage(number))"))
}
