import Glibc

/// One thing in a folder.
package struct FolderEntry: Sendable, Hashable {
  /// Its name.
  package let name: String
  /// Whether it is a folder, links followed.
  package let isFolder: Bool
  /// The size of a file in bytes.
  package let byteCount: Int
  /// When it was last changed, in nanoseconds since 1970.
  package let modified: Int
}

/// What stands directly in a folder, in natural order of names; what is hidden, and what is neither
/// a file nor a folder, is left out.
///
/// - Throws: `MediaError` where the folder cannot be opened.
package func folderEntries(path: String) throws(MediaError) -> [FolderEntry] {
  guard let listing = opendir(path) else {
    throw MediaError(path: path, message: "cannot be opened: \(systemMessage())")
  }
  defer { closedir(listing) }
  var entries: [FolderEntry] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    var status = stat()
    guard !name.hasPrefix("."), stat("\(path)/\(name)", &status) == 0 else { continue }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFDIR else { continue }
    entries.append(
      FolderEntry(
        name: name, isFolder: kind == S_IFDIR, byteCount: Int(status.st_size),
        modified: Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)))
  }
  return entries.sorted { naturallyPrecedes($0.name, $1.name) }
}

/// What a file that can be read holds, as far as its name tells.
package enum MediaKind: Sendable, Hashable {
  /// One picture.
  case picture
  /// One picture or an animation: `.webp`.
  case animation
  /// A video, through `ffmpeg`.
  case video

  /// The kind of a path; nil where its extension tells no format that can be read.
  package init?(path: String) {
    guard let format = try? InputFormat(path: path) else { return nil }
    switch format {
    case .png: self = .picture
    case .webp: self = .animation
    case .ffmpeg: self = InputFormat.isPicture(path: path) ? .picture : .video
    }
  }
}

/// Whether a WebP file says that it is animated; false where it cannot be read.
package func isAnimatedWebP(path: String) -> Bool {
  // "RIFF", a size, "WEBPVP8X", a size, and the flags, of which bit 1 is the animation.
  guard let kind = try? readByte(path: path, at: 15), let flags = try? readByte(path: path, at: 20)
  else { return false }
  return kind == UInt8(ascii: "X") && flags & 2 != 0
}
