import Diagnostics
import Diffusion
import Media
import ModelSpec

/// A clip or a picture of a data folder that was not read yet.
package struct DataItem: Sendable, Hashable {
  /// The path within the data folder: a file, or a folder of frames.
  package var path: String
  /// The bytes of its files.
  var byteCount: Int
  /// When the last of its files was changed, in nanoseconds since 1970.
  var modified: Int
  /// The words; nil where the model reads none.
  package var caption: String?
  /// The ids of the words; nil where the model reads none.
  var textIDs: [Int]?
  /// The class; nil where the model reads none.
  package var label: Int?
}

/// What was left out of the data, and why.
package struct SkippedItem: Sendable, Hashable {
  /// The path within the data folder.
  package var path: String
  /// The reason.
  package var reason: String
}

/// The samples that a data folder holds for a model, before any is read.
///
/// Samples are pictures, animations and videos, in sub-folders too; for a model of videos a
/// sub-folder of single pictures is a clip whose frames they are. Words stand in `NAME.txt` beside
/// `NAME.webp`, or in `captions.jsonl` of the folder; a class is the name of the sub-folder.
package struct DataFolder: Sendable {
  /// The folder.
  package let path: String
  /// The samples, in natural order of names.
  package private(set) var items: [DataItem] = []
  /// What is left out.
  package private(set) var skipped: [SkippedItem] = []
  /// What the model does not read of the captions; nil where it reads all.
  package private(set) var unreadCaptionsText: String?

  /// The deepest sub-folder that is looked into.
  private static let depthLimit = 8

  /// Looks at a folder.
  ///
  /// - Parameters:
  ///   - names: The names of the classes; nil where they have none.
  ///   - needsConditions: Whether samples need the words or the class that the model reads.
  /// - Throws: Rule `training.data` where the folder cannot be used for the model.
  package init(
    _ path: String, for spec: ModelSpec, names: LabelNames?, needsConditions: Bool = true
  ) throws(DiagnosticsError) {
    self.path = path
    let conditioning = needsConditions ? spec.denoiser?.conditioning : nil
    let isVideo = spec.samplePixels?.frames != nil
    var scan = FolderScan(isVideo: isVideo)
    do {
      try scan.add(path, within: "", depth: Self.depthLimit)
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.data, "\(error.path): \(error.message)",
          help: "name a folder of pictures or videos with --data"))
    }
    items = scan.items
    skipped = scan.skipped
    let captions = try Captions(folder: path, texts: scan.texts)
    if items.isEmpty {
      throw problem(
        captions.isEmpty
          ? "holds no pictures or videos" : "holds captions, but no pictures or videos",
        "put .png, .webp or videos there, in sub-folders if you like")
    }
    if let prompt = conditioning?.prompt { try addWords(captions, prompt, spec) }
    if let label = conditioning?.label { try addLabels(label, names, spec) }
    if items.isEmpty { throw nothingLeft() }
  }

  private mutating func addWords(
    _ captions: Captions, _ prompt: PromptCondition, _ spec: ModelSpec
  ) throws(DiagnosticsError) {
    if captions.isEmpty {
      throw problem(
        "holds no captions, and `\(spec.name)` reads a prompt",
        "write NAME.txt beside each NAME.webp, or captions.jsonl with lines such as "
          + #"{"file": "a.webp", "caption": "a red balloon"}"#)
    }
    skipped += captions.problems
    var unused = Set(captions.texts.keys)
    var kept: [DataItem] = []
    var unread = UnreadCaptions()
    for var item in items {
      let key = captions.key(of: item.path)
      unused.remove(key)
      guard let caption = captions.texts[key] else {
        skipped.append(SkippedItem(path: item.path, reason: "has no caption"))
        continue
      }
      do throws(DiagnosticsError) {
        item.textIDs = try prompt.ids(for: caption)
        item.caption = caption
        kept.append(item)
        unread.add(caption, for: prompt)
      } catch {
        skipped.append(
          SkippedItem(
            path: item.path,
            reason: "has an unusable caption: \(error.diagnostics.first?.message ?? "")"))
      }
    }
    for key in unused.sorted() {
      skipped.append(SkippedItem(path: key, reason: "has a caption, but is not there"))
    }
    items = kept
    unreadCaptionsText = unread.text(for: prompt)
  }

  private mutating func addLabels(
    _ label: LabelCondition, _ names: LabelNames?, _ spec: ModelSpec
  ) throws(DiagnosticsError) {
    func folder(_ item: DataItem) -> String? {
      let parts = item.path.split(separator: "/")
      return parts.count > 1 ? String(parts[0]) : nil
    }
    var folders: [String] = []
    for item in items {
      if let folder = folder(item), folders.last != folder { folders.append(folder) }
    }
    if folders.isEmpty {
      throw problem(
        "holds no sub-folders, and `\(spec.name)` reads a class",
        "put the samples of each class in a sub-folder with its name or number")
    }
    let classes = try classNumbers(of: folders, label, names)
    var kept: [DataItem] = []
    for var item in items {
      guard let folder = folder(item) else {
        skipped.append(SkippedItem(path: item.path, reason: "is in no sub-folder of a class"))
        continue
      }
      item.label = classes[folder]
      kept.append(item)
    }
    items = kept
  }

  /// The classes of sub-folders: by name, else by number, else in their order.
  private func classNumbers(
    of folders: [String], _ label: LabelCondition, _ names: LabelNames?
  ) throws(DiagnosticsError) -> [String: Int] {
    let named = folders.map { folder in names.flatMap { try? $0.label(named: folder) } }
    let numbers = folders.map { folder in
      Int(folder).flatMap { (0..<label.classes).contains($0) ? $0 : nil }
    }
    func all(_ found: [Int?]) -> [String: Int]? {
      let known = found.compactMap(\.self)
      guard known.count == folders.count else { return nil }
      return Dictionary(zip(folders, known)) { first, _ in first }
    }
    if let classes = all(named) ?? all(numbers) { return classes }
    if let names, let index = named.firstIndex(of: nil), named.contains(where: { $0 != nil }) {
      do throws(DiagnosticsError) {
        _ = try names.label(named: folders[index])
      } catch {
        throw problem(
          "has the sub-folder `\(folders[index])`: \(error.diagnostics.first?.message ?? "")",
          "give every sub-folder the name of a class")
      }
    }
    guard folders.count <= label.classes else {
      throw problem(
        "has \(folders.count) sub-folders for \(label.classes) classes",
        "give each sub-folder the name or the number of a class")
    }
    return Dictionary(zip(folders, 0...)) { first, _ in first }
  }

  /// Leaves samples out that turned out to be unusable.
  mutating func keep(_ kept: [Int], skipping more: [SkippedItem]) throws(DiagnosticsError) {
    items = kept.map { items[$0] }
    skipped += more
    if items.isEmpty { throw nothingLeft() }
  }

  private func nothingLeft() -> DiagnosticsError {
    problem("holds nothing that can be used: \(skippedText ?? "")", "mend the first of them")
  }

  private func problem(_ message: String, _ help: String) -> DiagnosticsError {
    DiagnosticsError(Diagnostic(TrainingRules.data, "`\(path)` \(message)", help: help))
  }

  /// How many are left out, and the first of them with their reasons; nil where none is.
  package var skippedText: String? {
    guard !skipped.isEmpty else { return nil }
    let shown = skipped.prefix(3).map { "`\($0.path)` \($0.reason)" }.joined(separator: "; ")
    let rest = skipped.count > 3 ? "; and \(skipped.count - 3) more" : ""
    return "\(skipped.count) left out: \(shown)\(rest)"
  }
}

/// The files of a folder and its sub-folders.
private struct FolderScan {
  let isVideo: Bool
  var items: [DataItem] = []
  var texts: [String] = []
  var skipped: [SkippedItem] = []

  mutating func add(
    _ root: String, within folder: String, depth: Int
  ) throws(MediaError) {
    let entries = try folderEntries(path: folder.isEmpty ? root : "\(root)/\(folder)")
    for entry in entries {
      let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
      if entry.isFolder {
        if let clip = try clip(root, path) {
          items.append(clip)
        } else if depth > 0 {
          try add(root, within: path, depth: depth - 1)
        }
        continue
      }
      if entry.name.hasSuffix(".txt") { texts.append(path) }
      guard let kind = MediaKind(path: entry.name) else { continue }
      if kind == .video, !isVideo {
        skipped.append(SkippedItem(path: path, reason: "is a video, and the model makes pictures"))
      } else {
        items.append(
          DataItem(path: path, byteCount: entry.byteCount, modified: entry.modified))
      }
    }
  }

  /// The clip whose frames are the pictures of a folder; nil where they are samples by themselves.
  private func clip(_ root: String, _ path: String) throws(MediaError) -> DataItem? {
    guard isVideo else { return nil }
    let entries = try folderEntries(path: "\(root)/\(path)").filter { !$0.isFolder }
    let frames = entries.filter { MediaKind(path: $0.name) != nil }
    guard let first = frames.first, MediaKind(path: first.name) != .video,
      !isAnimatedWebP(path: "\(root)/\(path)/\(first.name)")
    else { return nil }
    return DataItem(
      path: path, byteCount: frames.reduce(0) { $0 + $1.byteCount },
      modified: frames.map(\.modified).max() ?? 0)
  }
}
