#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file in memory where the system has such, removed with the value; what is mapped stays.
package struct ScratchFile: ~Copyable {
  /// Where it is.
  package let path: String
  private let descriptor: CInt

  /// A file of the given bytes.
  package init(_ bytes: UnsafeBufferPointer<UInt8>) {
    var template = Array(scratchTemplate.utf8CString)
    descriptor = mkstemp(&template)
    require(descriptor >= 0, "no file can be made from \(scratchTemplate)")
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    var written = 0
    while written < bytes.count {
      let count = write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      require(count > 0, "\(path) cannot be written")
      written += count
    }
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}

private let scratchTemplate =
  access("/dev/shm", W_OK) == 0 ? "/dev/shm/ditharos-fuzz-XXXXXX" : "/tmp/ditharos-fuzz-XXXXXX"
