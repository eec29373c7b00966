import Diagnostics

/// The tensors that a path of weights means: those of one file, of the shards that an index names,
/// or of components of a pipeline folder.
struct WeightFiles: Sendable {
  /// The path as the user named it.
  let path: String
  /// The tensors; those of a pipeline are named `COMPONENT/TENSOR`.
  private(set) var tensors: [TensorView] = []
  /// Whether the path is a folder of components.
  let isPipeline: Bool

  /// The names of the tensors without their component, in the order of `tensors`.
  var ownNames: [String] { tensors.map { ownName(of: $0.name) } }

  /// A tensor's name without its component.
  func ownName(of name: String) -> String {
    isPipeline ? String(name.drop { $0 != "/" }.dropFirst()) : name
  }

  /// Opens what a path means.
  ///
  /// - Parameters:
  ///   - path: A safetensors file, an index of shards, a folder with either, or a pipeline folder:
  ///     one that holds `model_index.json`, or folders named as the components.
  ///   - components: The components of a pipeline that are wanted; the others are not opened.
  /// - Throws: `weights.file`, `weights.index`, `weights.safetensors`.
  init(path: String, components: [String]) throws(DiagnosticsError) {
    self.path = path
    guard isFolder(path) else {
      isPipeline = false
      tensors = try Self.tensors(of: path)
      return
    }
    let base = path.hasSuffix("/") ? path : path + "/"
    let folder = WeightFolder(path: base)
    isPipeline =
      folder.contains("model_index.json")
      || (!folder.holdsWeights && components.contains { isFolder(base + $0) })
    guard isPipeline else {
      tensors = try Self.tensors(of: folder.weightFile(of: path))
      return
    }
    for component in components {
      guard isFolder(base + component) else {
        throw DiagnosticsError(
          Diagnostic(
            WeightRules.file,
            "the pipeline folder `\(path)` has no folder \(quoted(component)), "
              + "which holds parameters of the model",
            help: "copy the whole pipeline, or name the weight files themselves"))
      }
      let folder = WeightFolder(path: base + component + "/")
      tensors += try Self.tensors(of: folder.weightFile(of: base + component))
        .map { $0.inComponent(component) }
    }
  }

  /// The tensors of a file, or of the shards of an index.
  private static func tensors(of path: String) throws(DiagnosticsError) -> [TensorView] {
    try refuseOtherKinds(path)
    return try path.hasSuffix(".json")
      ? ShardIndex(path: path).tensors() : SafetensorsFile(path: path).tensors
  }

  /// Refuses kinds of files that hold weights and cannot be loaded.
  private static func refuseOtherKinds(_ path: String) throws(DiagnosticsError) {
    if isPickle(path.lowercased()) {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.file,
          "`\(path)` is a pickle checkpoint, which can run any program when it is read",
          help: pickleConversion(path: path)))
    }
  }
}

/// Whether a lower-case file name is that of a pickle checkpoint.
func isPickle(_ name: String) -> Bool {
  [".pt", ".pth", ".ckpt", ".bin", ".pkl"].contains(where: name.hasSuffix)
}
