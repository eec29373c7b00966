/// The part of a file's name after its last dot, lower case, or nil without one.
func fileExtension(of path: String) -> String? {
  let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
  guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
  let text = name[name.index(after: dot)...]
  return text.isEmpty ? nil : text.lowercased()
}

/// The message for a path whose extension says nothing.
private func unknownExtension(path: String, known: [String]) -> MediaError {
  let what = fileExtension(of: path).map { "has the unknown extension .\($0)" }
  return MediaError(
    path: path, message: what ?? "has no extension to tell its format",
    help: "known are " + known.map { ".\($0)" }.joined(separator: " "))
}

/// A kind of file that frames are written to, named by its extension.
package enum OutputFormat: String, CaseIterable, Sendable {
  /// One picture, or a strip of all.
  case png
  /// A picture or an animation, lossless.
  case webp
  /// A video that every player shows, through `ffmpeg`.
  case mp4
  /// An animation of at most 256 colours, through `ffmpeg`.
  case gif
  /// A video in Apple's container, through `ffmpeg`.
  case mov

  /// The format that the extension of a path names.
  ///
  /// - Throws: `MediaError` that lists the known extensions.
  package init(path: String) throws(MediaError) {
    guard let format = fileExtension(of: path).flatMap(OutputFormat.init(rawValue:)) else {
      throw unknownExtension(path: path, known: OutputFormat.allCases.map(\.rawValue))
    }
    self = format
  }

  /// Tells whether the format is written by the `ffmpeg` program.
  package var needsFFmpeg: Bool {
    switch self {
    case .png, .webp: false
    case .mp4, .gif, .mov: true
    }
  }
}

/// How a file is read.
enum InputFormat: Equatable {
  case png
  case webp
  /// Through `ffmpeg`, by the name of its demuxer.
  case ffmpeg(demuxer: String)

  /// Extensions that the `ffmpeg` program reads and the demuxer for each.
  ///
  /// Formats that read more files than the one named (playlists, numbered sequences) are left out.
  static let demuxers: [(extension: String, name: String, isPicture: Bool)] = [
    ("jpg", "jpeg_pipe", true), ("jpeg", "jpeg_pipe", true), ("bmp", "bmp_pipe", true),
    ("tif", "tiff_pipe", true), ("tiff", "tiff_pipe", true), ("ppm", "ppm_pipe", true),
    ("pgm", "pgm_pipe", true), ("mp4", "mp4", false), ("m4v", "mp4", false),
    ("mov", "mov", false), ("gif", "gif", false), ("webm", "matroska", false),
    ("mkv", "matroska", false), ("avi", "avi", false), ("mpg", "mpeg", false),
    ("mpeg", "mpeg", false), ("ts", "mpegts", false), ("y4m", "yuv4mpegpipe", false),
  ]

  /// The format that the extension of a path names.
  ///
  /// - Throws: `MediaError` that lists the known extensions.
  init(path: String) throws(MediaError) {
    let name = fileExtension(of: path)
    switch name {
    case "png": self = .png
    case "webp": self = .webp
    default:
      guard let demuxer = Self.demuxers.first(where: { $0.extension == name }) else {
        throw unknownExtension(
          path: path, known: ["png", "webp"] + Self.demuxers.map(\.extension))
      }
      self = .ffmpeg(demuxer: demuxer.name)
    }
  }

  /// Tells whether a path in a folder counts as one picture of it.
  static func isPicture(path: String) -> Bool {
    guard let name = fileExtension(of: path) else { return false }
    return name == "png" || name == "webp"
      || demuxers.contains { $0.extension == name && $0.isPicture }
  }
}
