import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads a text file; `-` is standard input.
///
/// - Throws: `file.unreadable` for a folder, a file that is missing, not readable or larger than
///   `byteLimit`; `file.encoding` for bytes that are not UTF-8.
package func readTextFile(_ path: String, byteLimit: Int) throws(DiagnosticsError) -> String {
  let bytes = try readBytes(path, byteLimit: byteLimit)
  guard let text = String(validating: bytes, as: UTF8.self) else {
    let valid = validPrefixCount(bytes)
    throw DiagnosticsError(
      Diagnostic(
        DocumentRules.encoding, "`\(path)` is not UTF-8 text: byte \(valid + 1) is wrong",
        help: "save the file as UTF-8"))
  }
  return text
}

private func readBytes(_ path: String, byteLimit: Int) throws(DiagnosticsError) -> [UInt8] {
  func failure(_ reason: String, help: String? = nil) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(DocumentRules.unreadable, "cannot read `\(path)`: \(reason)", help: help))
  }
  guard !path.utf8.contains(0) else { throw failure("its name holds a zero byte") }
  // Not blocking, so that a named pipe without a writer does not wait for one.
  let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw failure(systemMessage()) }
  defer { if path != "-" { close(descriptor) } }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw failure(systemMessage()) }
  // Reads of a pipe wait for its writer.
  if path != "-" { _ = fcntl(descriptor, F_SETFL, 0) }
  if status.st_mode & S_IFMT == S_IFDIR {
    throw failure("it is a folder", help: "name a file in it")
  }
  var bytes: [UInt8] = []
  while true {
    let chunk = min(max(Int(status.st_size) + 1 - bytes.count, 1 << 16), byteLimit + 1)
    var count = 0
    bytes.reserveCapacity(bytes.count + chunk)
    let part = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, initializedCount in
      count = read(descriptor, buffer.baseAddress, chunk)
      initializedCount = max(0, count)
    }
    if count < 0 {
      if errno == EINTR { continue }
      throw failure(systemMessage())
    }
    if count == 0 { return bytes }
    bytes += part
    if bytes.count > byteLimit { throw failure("it has more than \(byteLimit) bytes") }
  }
}

private func systemMessage() -> String {
  String(cString: strerror(errno)).lowercased()
}

private func validPrefixCount(_ bytes: [UInt8]) -> Int {
  var decoder = UTF8()
  var iterator = bytes.makeIterator()
  var count = 0
  while true {
    switch decoder.decode(&iterator) {
    case .scalarValue(let scalar): count += UTF8.width(scalar)
    case .emptyInput, .error: return count
    }
  }
}
