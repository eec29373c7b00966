import Diagnostics
import Documents
import Glibc

/// The words of the samples of a folder.
struct Captions {
  /// By the sample's path within the folder, with its extension where `captions.jsonl` names it.
  private(set) var texts: [String: String] = [:]
  /// Lines and files that say nothing.
  private(set) var problems: [SkippedItem] = []

  /// The name of the file with a caption on each line.
  static let fileName = "captions.jsonl"
  private static let byteLimit = 1 << 28
  private static let captionByteLimit = 1 << 16

  var isEmpty: Bool { texts.isEmpty }

  /// Reads the captions of a folder.
  ///
  /// - Parameter files: The paths of text files within the folder, which are read where there is no
  ///   `captions.jsonl`.
  /// - Throws: What reading a `captions.jsonl` throws that is there.
  init(folder: String, texts files: [String]) throws(DiagnosticsError) {
    let list = "\(folder)/\(Self.fileName)"
    if access(list, F_OK) == 0 {
      try read(list)
      return
    }
    for file in files {
      do throws(DiagnosticsError) {
        let text = try readTextFile("\(folder)/\(file)", byteLimit: Self.captionByteLimit)
        texts[String(file.dropLast(".txt".count))] = text
      } catch {
        problems.append(
          SkippedItem(path: file, reason: error.diagnostics.first?.message ?? "cannot be read"))
      }
    }
  }

  private mutating func read(_ list: String) throws(DiagnosticsError) {
    let text = try readTextFile(list, byteLimit: Self.byteLimit)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.allSatisfy(\.isWhitespace) {
      let place = "\(Self.fileName):\(index + 1)"
      let node = try? parseJSON(String(line), file: place)
      guard let file = node?["file"]?.text, let caption = node?["caption"]?.text else {
        problems.append(
          SkippedItem(
            path: place, reason: #"is no object such as {"file": "a.webp", "caption": "..."}"#))
        continue
      }
      texts[file] = caption
    }
  }

  /// The key of a sample's words.
  func key(of path: String) -> String {
    if texts[path] != nil { return path }
    let nameStart = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
    let dot = path[nameStart...].lastIndex(of: ".") ?? path.endIndex
    return String(path[..<dot])
  }
}
