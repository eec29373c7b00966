import Diagnostics
import Documents

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The specs that paths name.
struct SpecSearch {
  /// The specs, in the order of the paths and sorted within folders; each once.
  private(set) var files: [String] = []
  /// The folders that cannot be read.
  private(set) var problems: [FileReport] = []
  /// Files of folders without the key `ditharos`.
  private(set) var skippedCount = 0
  /// Files and folders that patterns leave out.
  private(set) var excludedCount = 0

  private let include: [PathPattern]
  private let exclude: [PathPattern]
  private var known: Set<String> = []
  /// The folders that were searched for the current path, by device and number.
  private var searched: Set<[UInt64]> = []

  /// A search.
  init(include: [String], exclude: [String]) {
    self.include = include.map(PathPattern.init)
    self.exclude = exclude.map(PathPattern.init)
  }

  /// Whether nothing was found, and nothing was left out on purpose.
  var isEmpty: Bool { files.isEmpty && excludedCount == 0 }

  /// Adds the files, and the specs in the folders, of paths.
  mutating func add(_ paths: [String]) {
    for path in paths {
      if path != "-", exclude.contains(where: { $0.matches(path) }) {
        excludedCount += 1
      } else if path != "-", isFolder(path) {
        searched = []
        search(path, within: "")
      } else if known.insert(path).inserted {
        files.append(path)
      }
    }
  }

  /// Searches a folder.
  ///
  /// - Parameter inner: Its path within the folder that was named; empty for that one.
  private mutating func search(_ folder: String, within inner: String) {
    var status = stat()
    guard access(folder, R_OK | X_OK) == 0, stat(folder, &status) == 0,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else {
      let problem = Diagnostic(
        UsageRules.file, "the folder `\(folder)` cannot be read", help: "check its permissions")
      problems.append(FileReport(file: folder, diagnostics: [problem]))
      return
    }
    // Links that lead back would never end.
    guard searched.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted else { return }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      let innerPath = inner.isEmpty ? name : "\(inner)/\(name)"
      let isFolder = isFolder(path)
      guard isFolder || name.hasSuffix(".yaml") || name.hasSuffix(".yml") else { continue }
      if matches(exclude, path, innerPath) {
        excludedCount += 1
      } else if isFolder {
        search(path, within: innerPath)
      } else if include.isEmpty || matches(include, path, innerPath) {
        if !isSpec(path) {
          skippedCount += 1
        } else if known.insert(path).inserted {
          files.append(path)
        }
      }
    }
  }

  private func matches(_ patterns: [PathPattern], _ path: String, _ innerPath: String) -> Bool {
    patterns.contains { $0.matches(path) || $0.matches(innerPath) }
  }

  /// Whether a file has the key `ditharos`; one that cannot be read is reported as a spec.
  private func isSpec(_ path: String) -> Bool {
    guard let text = try? readTextFile(path, byteLimit: specByteLimit) else { return true }
    let hasKeyLine = text.split(whereSeparator: \.isNewline).contains { $0.hasPrefix("ditharos:") }
    if hasKeyLine { return true }
    guard text.contains("ditharos") else { return false }
    guard let root = parseYAML(text, file: path).root else {
      // What does not parse is a spec if it looks like one.
      return text.split(whereSeparator: \.isNewline).contains { line in
        let word = line.drop { " {\"'\u{FEFF}".contains($0) }
        return word.hasPrefix("ditharos\":") || word.hasPrefix("ditharos':")
          || word.hasPrefix("ditharos:")
      }
    }
    return root["ditharos"] != nil
  }
}

/// Whether a path is that of a folder, links followed.
func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
