import Glibc

extension Frames {
  /// Reads frames from a file, or from a folder of pictures.
  ///
  /// `.png` is one frame; `.webp` one or several; every other format goes through the `ffmpeg`
  /// program. A folder gives one frame for each picture directly in it, in natural order of names,
  /// hidden files and other kinds of files left out; they must be of one size.
  /// A grey PNG has one channel, everything else three.
  ///
  /// - Parameters:
  ///   - first: the number of frames to read at most, nil for all. The rest is not decoded.
  ///   - limits: what is refused.
  /// - Throws: `MediaError` where the file is missing, of an unknown kind, truncated, corrupt or
  ///   over the limits, or needs `ffmpeg` and there is none.
  package static func read(
    path: String, first: Int? = nil, limits: MediaLimits = MediaLimits()
  ) async throws(MediaError) -> Frames {
    precondition(first ?? 1 >= 1)
    if try FileKind(path: path) == .folder {
      return try await readFolder(path: path, first: first, limits: limits)
    }
    switch try InputFormat(path: path) {
    case .png:
      let bytes = try readBytes(path: path, limit: limits.fileBytes)
      return try decodePNG(path: path, bytes: bytes, limits: limits)
    case .webp:
      let bytes = try readBytes(path: path, limit: limits.fileBytes)
      return try decodeWebP(path: path, bytes: bytes, first: first, limits: limits)
    case .ffmpeg(let demuxer):
      return try await decodeWithFFmpeg(
        path: path, demuxer: demuxer, first: first, limits: limits)
    }
  }

  private static func readFolder(
    path: String, first: Int?, limits: MediaLimits
  ) async throws(MediaError) -> Frames {
    let names = try pictureNames(folder: path).prefix(first ?? Int.max)
    guard !names.isEmpty else {
      throw MediaError(path: path, message: "holds no pictures")
    }
    guard names.count <= limits.frames else {
      throw MediaError(
        path: path, message: "holds \(names.count) pictures; at most \(limits.frames) are read")
    }
    var pictures: [Frames] = []
    for name in names {
      let file = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      let picture = try await read(path: file, first: 1, limits: limits)
      if let model = pictures.first, model.height != picture.height || model.width != picture.width
      {
        throw MediaError(
          path: file,
          message: "is \(picture.width)x\(picture.height) pixels where \(names[0]) in the same "
            + "folder is \(model.width)x\(model.height)")
      }
      try limits.check(
        path: path, count: pictures.count + 1, height: picture.height, width: picture.width)
      pictures.append(picture)
    }
    let channels = pictures.map(\.channels).max() ?? 3
    return Frames(
      unchecked: pictures.flatMap { $0.converted(toChannels: channels).pixels },
      count: pictures.count, height: pictures[0].height, width: pictures[0].width,
      channels: channels)
  }

  /// The names of the pictures directly in a folder, in natural order.
  private static func pictureNames(folder: String) throws(MediaError) -> [String] {
    guard let listing = opendir(folder) else {
      throw MediaError(path: folder, message: "cannot be opened: \(systemMessage())")
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard !name.hasPrefix("."), InputFormat.isPicture(path: name) else { continue }
      names.append(name)
    }
    return names.sorted(by: naturallyPrecedes)
  }
}
