import Glibc

/// The operating system's words for an error number, lower case.
func systemMessage(_ code: CInt = errno) -> String {
  let text = String(cString: strerror(code))
  return text.prefix(1).lowercased() + text.dropFirst()
}

/// What stands at a path.
enum FileKind: Equatable {
  case missing
  case regular(byteCount: Int)
  case folder
  case other

  /// Looks at the path, links followed.
  ///
  /// - Throws: `MediaError` where the path cannot be looked at for another reason than that
  ///   nothing is there.
  init(path: String) throws(MediaError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw MediaError(path: path, message: "is not a path")
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT {
        self = .missing
        return
      }
      throw MediaError(path: path, message: "cannot be opened: \(systemMessage())")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .regular(byteCount: Int(status.st_size))
    case S_IFDIR: self = .folder
    default: self = .other
    }
  }
}

/// Fails where a path is not a file that can be read.
///
/// - Returns: the size of the file in bytes.
@discardableResult
func requireRegularFile(path: String) throws(MediaError) -> Int {
  switch try FileKind(path: path) {
  case .missing:
    throw MediaError(path: path, message: "no such file")
  case .folder:
    throw MediaError(path: path, message: "is a folder, not a file")
  case .other:
    throw MediaError(path: path, message: "is not a regular file")
  case .regular(let byteCount):
    guard access(path, R_OK) == 0 else {
      throw MediaError(path: path, message: "cannot be opened: \(systemMessage())")
    }
    guard byteCount > 0 else { throw MediaError(path: path, message: "is empty") }
    return byteCount
  }
}

/// The bytes of a file.
///
/// - Throws: `MediaError` where it is missing, empty, no regular file, over `limit` bytes, or
///   cannot be read.
func readBytes(path: String, limit: Int) throws(MediaError) -> [UInt8] {
  let byteCount = try requireRegularFile(path: path)
  guard byteCount <= limit else {
    throw MediaError(path: path, message: "has \(byteCount) bytes; at most \(limit) are read")
  }
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw MediaError(path: path, message: "cannot be opened: \(systemMessage())")
  }
  defer { close(descriptor) }
  var failure: CInt = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, filled in
    while filled < byteCount {
      let got = read(descriptor, buffer.baseAddress.map { $0 + filled }, byteCount - filled)
      if got > 0 {
        filled += got
      } else if got == 0 {
        break  // The file has shrunk since it was measured; its decoder will say so.
      } else if errno != EINTR {
        failure = errno
        break
      }
    }
  }
  guard failure == 0 else {
    throw MediaError(path: path, message: "cannot be read: \(systemMessage(failure))")
  }
  return bytes
}

/// One byte of a file, or nil past its end.
func readByte(path: String, at offset: Int) throws(MediaError) -> UInt8? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw MediaError(path: path, message: "cannot be opened: \(systemMessage())")
  }
  defer { close(descriptor) }
  var byte: UInt8 = 0
  return pread(descriptor, &byte, 1, off_t(offset)) == 1 ? byte : nil
}

/// Writes all bytes to an open descriptor.
///
/// - Returns: 0, or the error number that stopped it.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> CInt {
  var done = 0
  while done < bytes.count {
    let put = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
    if put >= 0 {
      done += put
    } else if errno != EINTR {
      return errno
    }
  }
  return 0
}
