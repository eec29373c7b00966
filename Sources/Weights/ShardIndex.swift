import Diagnostics
import Documents

/// The index of a model whose tensors are spread over several safetensors files.
///
/// A JSON object with `weight_map`, which maps the name of each tensor to the file that holds it,
/// in the folder of the index.
struct ShardIndex {
  private static let maximumShardCount = 10_000

  private let path: String
  private let folder: String
  /// The file of each tensor by the tensor's name.
  private var shardOf: [String: String] = [:]
  /// The files, sorted.
  private var shards: [String] = []

  /// Reads an index; no shard is opened yet.
  ///
  /// - Throws: `weights.index` when it is malformed or names a file outside its folder;
  ///   `json.syntax`, `file.unreadable`.
  init(path: String) throws(DiagnosticsError) {
    self.path = path
    folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let text = try readTextFile(path, byteLimit: DocumentLimits.data.byteCount)
    let root = try parseJSON(text, file: path)
    guard let map = root["weight_map"], let entries = map.entries, !entries.isEmpty else {
      throw problem("the index `\(path)` maps no tensor to a file", at: root.range)
    }
    for entry in entries {
      guard let tensor = entry.key.text, let shard = entry.value.text, entry.value.entries == nil
      else {
        throw problem("a tensor is mapped to something that is no file name", at: entry.value.range)
      }
      guard Self.staysInFolder(shard) else {
        throw problem(
          "the tensor \(quoted(tensor)) is mapped to \(quoted(shard)), "
            + "which is no safetensors file in the folder of the index",
          at: entry.value.range)
      }
      shardOf[tensor] = shard
    }
    shards = Set(shardOf.values).sorted()
    guard shards.count <= Self.maximumShardCount else {
      throw problem(
        "the index names \(shards.count) files, more than \(Self.maximumShardCount)", at: map.range)
    }
  }

  /// The tensors of all shards.
  ///
  /// - Throws: `weights.index` when the shards do not hold what the index says; what opening a
  ///   safetensors file throws.
  func tensors() throws(DiagnosticsError) -> [TensorView] {
    var views: [TensorView] = []
    var unlisted: [String] = []
    var found: Set<String> = []
    for shard in shards {
      for view in try SafetensorsFile(path: folder + shard).tensors {
        if shardOf[view.name] == shard {
          found.insert(view.name)
          views.append(view)
        } else {
          unlisted.append(view.name)
        }
      }
    }
    var causes: [String] = []
    let missing = shardOf.keys.filter { !found.contains($0) }.sorted()
    if let first = missing.first, let shard = shardOf[first] {
      causes.append(
        "\(counted(missing.count, "tensor")) not in the file named for it: "
          + "\(abbreviated(missing)), the first should be in \(quoted(shard))")
    }
    if !unlisted.isEmpty {
      causes.append(
        "\(counted(unlisted.count, "tensor")) that the index does not place there: "
          + abbreviated(unlisted))
    }
    if causes.isEmpty { return views }
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.index,
        "the index `\(path)` and its files do not agree: " + causes.joined(separator: "; "),
        help: "fetch all files of the model again, of one revision"))
  }

  private func problem(_ message: String, at range: SourceRange) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(
        WeightRules.index, message,
        help: "an index maps each tensor to a safetensors file beside it", at: range))
  }

  /// Whether a shard's name is that of a safetensors file in the folder itself.
  private static func staysInFolder(_ name: String) -> Bool {
    name.hasSuffix(".safetensors") && !name.hasPrefix(".")
      && !name.unicodeScalars.contains { $0 == "/" || $0 == "\\" || $0.value == 0 }
  }
}
