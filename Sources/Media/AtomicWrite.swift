import Glibc

/// The folder of a path and the name within it.
private func split(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.lastIndex(of: "/") else { return (".", path) }
  let folder = path[..<slash]
  return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
}

/// Where a file is written before it takes its name: `.NAME.PID.tmp` in the same folder.
///
/// The name follows from the path and the process alone, so a command that is interrupted knows
/// what to remove.
package func temporaryPath(for path: String) -> String {
  let (folder, name) = split(path)
  let temporary = ".\(name).\(getpid()).tmp"
  guard path.contains("/") else { return temporary }
  return folder == "/" ? "/\(temporary)" : "\(folder)/\(temporary)"
}

/// Fails where a file could not be written to a path, before any work is done for it.
///
/// - Throws: `MediaError` where the folder is missing or refuses new files, or where something
///   that is not a file stands at the path.
package func checkWritable(path: String) throws(MediaError) {
  let (folder, name) = split(path)
  switch try FileKind(path: path) {
  case .missing, .regular: break
  case .folder: throw MediaError(path: path, message: "is a folder; name a file in it")
  case .other: throw MediaError(path: path, message: "is not a regular file")
  }
  guard !name.isEmpty else {
    throw MediaError(path: path, message: "names a folder; name a file in it")
  }
  switch try FileKind(path: folder) {
  case .folder: break
  case .missing:
    throw MediaError(
      path: path, message: "folder \(folder) does not exist",
      help: "create it with: mkdir -p \(folder)")
  case .regular, .other:
    throw MediaError(path: path, message: "\(folder) is not a folder")
  }
  guard access(folder, W_OK | X_OK) == 0 else {
    throw MediaError(
      path: path, message: "folder \(folder) cannot be written to: \(systemMessage())")
  }
}

/// Writes a file whole or not at all.
///
/// The bytes go to `temporaryPath(for:)`, reach the disk, and the file is renamed, which replaces
/// what stood at the path in one step. On any failure the temporary file is removed and the path is
/// as it was.
///
/// - Throws: `MediaError` where the folder is missing or full, or cannot be written to.
package func writeAtomically(path: String, bytes: [UInt8]) throws(MediaError) {
  let file = try TemporaryFile(for: path)
  do throws(MediaError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(MediaError) in
      try file.append(UnsafeRawBufferPointer(buffer))
    }
    try file.commit()
  } catch {
    file.discard()
    throw error
  }
}

/// Writes a file whole or not at all, piece by piece.
///
/// - Parameters:
///   - byteCount: The size of the file, for which the disk must have room before anything is
///     written.
///   - body: Is given a function that adds bytes at the end.
/// - Throws: `MediaError` where the folder is missing or full, or cannot be written to; what `body`
///   throws. On any failure the path is as it was.
package func writeAtomically(
  path: String, byteCount: Int, _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
) throws {
  let file = try TemporaryFile(for: path)
  do {
    try file.checkRoom(for: byteCount)
    try body { bytes in try file.append(bytes) }
    try file.commit()
  } catch {
    file.discard()
    throw error
  }
}

/// Removes a file that this process wrote; one that is gone already is no problem.
package func removeFile(path: String) { unlink(path) }

/// A file that is being written under its temporary name.
///
/// Exactly one of `commit` and `discard` ends it.
struct TemporaryFile {
  /// The path that the file will have.
  let path: String
  /// The path that it has.
  let temporary: String
  private let descriptor: CInt

  /// Creates the empty temporary file.
  init(for path: String) throws(MediaError) {
    try checkWritable(path: path)
    self.path = path
    temporary = temporaryPath(for: path)
    // One left by an earlier process of the same number. Opened exclusively below, so that a link
    // planted under the name is never followed.
    unlink(temporary)
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw MediaError(path: path, message: "cannot be written: \(systemMessage())")
    }
  }

  /// Fails where the disk has no room for a number of bytes, as far as the system tells.
  func checkRoom(for byteCount: Int) throws(MediaError) {
    var status = statvfs()
    guard fstatvfs(descriptor, &status) == 0 else { return }
    let (free, overflow) = UInt64(status.f_bavail)
      .multipliedReportingOverflow(by: UInt64(status.f_frsize))
    try check(overflow || free >= UInt64(byteCount) ? 0 : ENOSPC)
  }

  /// Adds bytes at the end.
  func append(_ bytes: UnsafeRawBufferPointer) throws(MediaError) {
    try check(writeAll(bytes, to: descriptor))
  }

  /// Waits for the bytes to reach the disk, then gives the file its name.
  ///
  /// On failure the file is still to be discarded.
  func commit() throws(MediaError) {
    // Some file systems have nothing to wait for and say so.
    let synced = fsync(descriptor)
    try check(synced == 0 || errno == EINVAL ? 0 : errno)
    try check(rename(temporary, path) == 0 ? 0 : errno)
    close(descriptor)
  }

  /// Removes the file.
  func discard() {
    close(descriptor)
    unlink(temporary)
  }

  private func check(_ code: CInt) throws(MediaError) {
    guard code == 0 else {
      throw MediaError(path: path, message: "cannot be written: \(systemMessage(code))")
    }
  }
}
