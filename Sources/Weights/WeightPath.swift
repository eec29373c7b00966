import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A folder of one model, in which the weights are found by their usual names.
///
/// Those are `diffusion_pytorch_model.safetensors` and `model.safetensors`, or the index of their
/// shards. A variant, as in `diffusion_pytorch_model.fp16.safetensors`, is taken where there is
/// no file without one; any other name where the folder holds a single safetensors file.
struct WeightFolder {
  private let path: String
  private let names: [String]

  /// The files of a folder whose path ends with a slash.
  init(path: String) {
    self.path = path
    names = fileNames(in: path)
  }

  /// Whether a file is there.
  func contains(_ name: String) -> Bool { names.contains(name) }

  /// Whether the folder holds weights of any kind.
  var holdsWeights: Bool {
    names.contains { $0.hasSuffix(".safetensors") || isPickle($0.lowercased()) }
  }

  /// The path of the one weight file, or of the index of shards.
  ///
  /// - Parameter shownPath: The folder as messages name it.
  /// - Throws: `weights.file` when there is none, or there are several to choose from.
  func weightFile(of shownPath: String) throws(DiagnosticsError) -> String {
    for stem in Self.stems {
      for name in [stem + ".safetensors", stem + ".safetensors.index.json"] where contains(name) {
        return path + name
      }
    }
    for stem in Self.stems {
      let variants = names.filter { Self.isVariant($0, of: stem) }
      if let only = variants.first, variants.count == 1 { return path + only }
      if !variants.isEmpty { throw tooMany(variants, in: shownPath) }
    }
    let others = names.filter { $0.hasSuffix(".safetensors") }
    if let only = others.first, others.count == 1 { return path + only }
    if !others.isEmpty { throw tooMany(others, in: shownPath) }
    if let pickle = names.first(where: { isPickle($0.lowercased()) }) {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.file,
          "the folder `\(shownPath)` has a pickle checkpoint alone, \(quoted(pickle)), "
            + "which can run any program when it is read",
          help: pickleConversion(path: path + pickle)))
    }
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.file, "the folder `\(shownPath)` has no diffusion_pytorch_model.safetensors",
        help: "name a safetensors file, or the folder of a diffusers model"))
  }

  private static let stems = ["diffusion_pytorch_model", "model"]

  /// Whether a name is that of a variant's file or index, but not of a shard.
  private static func isVariant(_ name: String, of stem: String) -> Bool {
    guard name.hasPrefix(stem + ".") else { return false }
    let parts = name.dropFirst(stem.count + 1).split(separator: ".")
    let isIndex = parts.contains("index") && parts.last == "json"
    guard isIndex || parts.last == "safetensors" else { return false }
    let tags = parts.filter { !["safetensors", "index", "json"].contains($0) }
    return tags.count == 1 && (isIndex || !tags[0].contains("-of-"))
  }

  private func tooMany(_ names: [String], in shownPath: String) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(
        WeightRules.file,
        "the folder `\(shownPath)` has \(names.count) weight files: \(abbreviated(names))",
        help: "name one of them"))
  }
}

/// Whether a path is a folder.
func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The names of the files in a folder, sorted; at most 100,000.
private func fileNames(in folder: String) -> [String] {
  guard let stream = opendir(folder) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while names.count < 100_000, let entry = readdir(stream) {
    let length = MemoryLayout.size(ofValue: entry.pointee.d_name)
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: length) { String(cString: $0) }
    }
    names.append(name)
  }
  return names.sorted()
}
