import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file's bytes, mapped read-only for as long as the value lives.
///
/// The file must not be truncated by another program while it is mapped.
final class MappedFile: Sendable {
  /// The path as the user named it.
  let path: String
  /// The first byte is aligned to a page.
  nonisolated(unsafe) private let bytes: UnsafeRawBufferPointer

  /// Maps a regular file.
  ///
  /// - Throws: `weights.file` when it is missing, cannot be read or is no regular file.
  init(path: String) throws(DiagnosticsError) {
    self.path = path
    guard !path.utf8.contains(0) else {
      throw DiagnosticsError(
        Diagnostic(WeightRules.file, "the name of weight file \(quoted(path)) holds a zero byte"))
    }
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw DiagnosticsError(
        Diagnostic(WeightRules.file, "cannot open `\(path)`: \(systemMessage(errno))"))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw DiagnosticsError(
        Diagnostic(WeightRules.file, "cannot read `\(path)`: \(systemMessage(errno))"))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let what = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no regular file"
      throw DiagnosticsError(
        Diagnostic(WeightRules.file, "`\(path)` is \(what), not a weight file"))
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      start != MAP_FAILED
    else {
      throw DiagnosticsError(
        Diagnostic(WeightRules.file, "cannot map `\(path)`: \(systemMessage(errno))"))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }

  /// The size of the file in bytes.
  var byteCount: Int { bytes.count }

  /// Lends the bytes of a range; the pointer is invalid after `body` returns.
  func withBytes<R, E: Error>(
    _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
  }
}

extension MappedFile {
  /// The bytes of a range; the pointer is invalid when the last reference to the file is gone.
  func pinnedBytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// Gives back the memory of the pages that a range touches; the next read finds them again.
  ///
  /// Pages that were read count as the process's memory until then.
  func release(_ range: Range<Int>) { advise(MADV_DONTNEED, range) }

  /// Lets the system read a range from the disk before it is used.
  func readAhead(_ range: Range<Int>) { advise(MADV_WILLNEED, range) }

  private func advise(_ advice: CInt, _ range: Range<Int>) {
    guard let start = bytes.baseAddress, !range.isEmpty else { return }
    let pageByteCount = Int(sysconf(CInt(_SC_PAGESIZE)))
    let first = range.lowerBound / pageByteCount * pageByteCount
    madvise(
      UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, CInt(advice))
  }
}

/// The system's text for an error number, with a lower-case first letter.
func systemMessage(_ number: Int32) -> String {
  let text = String(cString: strerror(number))
  return text.prefix(1).lowercased() + text.dropFirst()
}
