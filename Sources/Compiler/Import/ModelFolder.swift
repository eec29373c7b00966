import Diagnostics
import Documents
import ModelSpec

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The configurations of a model folder as diffusers saves it.
struct ModelFolder {
  /// A configuration with the folder that it stands in.
  struct Component {
    var folder: String
    var config: DocumentNode
  }

  /// The folder, as the user named it.
  let path: String
  /// The folder's name as a model's.
  let name: String
  /// `model_index.json`; nil for a component's folder.
  private(set) var pipeline: DocumentNode?
  private(set) var denoiser: Component?
  private(set) var autoencoder: Component?
  private(set) var scheduler: Component?
  /// Where the class of the whole is named.
  let place: SourceRange
  /// Parts of the pipeline that are none of these, each at its place.
  private(set) var problems: [Diagnostic] = []
  /// Arguments that were ignored.
  private(set) var warnings: [Diagnostic] = []

  /// Reads the configurations of a folder, or of the folder of a configuration.
  ///
  /// - Throws: Rules `import.folder`, `import.class`, `json.syntax`, `file.unreadable`.
  init(path: String) throws(DiagnosticsError) {
    let file = try Self.configurationFile(of: path)
    self.path = folder(of: file)
    name = Self.modelName(of: self.path)
    let root = try Self.read(file)
    let named = root["_class_name"]
    place = named?.range ?? root.range
    guard let className = named?.text else {
      throw DiagnosticsError(
        Diagnostic(
          ImportRules.unsupportedClass, "`\(file)` names no class",
          help: "a configuration of diffusers has the key `_class_name`", at: root.range))
    }
    let component = Component(folder: self.path, config: root)
    if className.hasSuffix("Pipeline") {
      pipeline = root
      try readPipeline(className)
    } else if className.hasSuffix("Scheduler") {
      scheduler = component
    } else if className.hasPrefix("Autoencoder") || className.hasPrefix("VQ") {
      autoencoder = component
    } else {
      denoiser = component
    }
  }

  private static let fileNames = ["model_index.json", "config.json", "scheduler_config.json"]

  private static func configurationFile(of path: String) throws(DiagnosticsError) -> String {
    guard isFolder(path) else { return path }
    let base = path.hasSuffix("/") ? path : path + "/"
    for name in fileNames where access(base + name, F_OK) == 0 {
      return path == "." ? name : base + name
    }
    throw DiagnosticsError(
      Diagnostic(
        ImportRules.folder, "the folder `\(path)` has no \(listed(fileNames))",
        help: "name the folder of a pipeline or of a component, as diffusers saves them"))
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func read(_ file: String) throws(DiagnosticsError) -> DocumentNode {
    let text = try readTextFile(file, byteLimit: DocumentLimits.spec.byteCount)
    return try parseJSON(text, file: file, limits: .spec, allowsNonFinite: true)
  }

  /// The last folder's name, that of the pipeline before that of a component, in the letters of a
  /// name.
  private static func modelName(of folder: String) -> String {
    guard let resolved = realpath(folder, nil) else { return "imported" }
    defer { free(resolved) }
    var parts = String(cString: resolved).split(separator: "/")
    let components = ["transformer", "vae", "scheduler"]
    if parts.count > 1, let last = parts.last, components.contains(String(last)) {
      parts.removeLast()
    }
    let name = (parts.last ?? "").map { character -> Character in
      let isKept =
        character.isASCII
        && (character.isLetter || character.isNumber || "._-".contains(character))
      return isKept ? character : "-"
    }
    let start = name.drop { !$0.isLetter && !$0.isNumber }.prefix(100)
    return start.isEmpty ? "imported" : String(start)
  }

  private mutating func readPipeline(_ className: String) throws(DiagnosticsError) {
    guard let pipeline else { return }
    guard className == Self.supportedPipeline else {
      throw DiagnosticsError(
        Diagnostic(
          ImportRules.unsupportedClass, "pipeline \(quoted(className)) is not supported",
          help: "only `\(Self.supportedPipeline)` is, and the folders of single components",
          at: place))
    }
    for entry in pipeline.entries ?? [] {
      let key = entry.key.text ?? ""
      if key.hasPrefix("_") || key == "id2label" { continue }
      guard let parts = entry.value.elements else {
        warnings.append(
          Diagnostic(
            ImportRules.unknownArgument,
            "\(quoted(key)) is no part of \(Self.supportedPipeline) and is ignored",
            at: entry.key.range))
        continue
      }
      if parts.allSatisfy({ $0.text == "null" }) { continue }
      do throws(DiagnosticsError) {
        switch key {
        case "transformer": denoiser = try component(key, "config.json")
        case "vae": autoencoder = try component(key, "config.json")
        case "scheduler": scheduler = try component(key, "scheduler_config.json")
        default:
          let name = parts.last?.text.map(quoted) ?? "of no class"
          problems.append(
            Diagnostic(
              ImportRules.unsupportedClass,
              "component \(quoted(key)), \(name), is not supported",
              help: "the components can be `transformer`, `vae` and `scheduler`",
              at: entry.key.range))
        }
      } catch { problems += error.diagnostics }
    }
    if denoiser == nil, problems.isEmpty {
      problems.append(
        Diagnostic(
          ImportRules.unsupportedClass, "the pipeline has no `transformer`", at: place))
    }
  }

  private static let supportedPipeline = "DiTPipeline"

  private func component(_ name: String, _ file: String) throws(DiagnosticsError) -> Component {
    let folder = (path == "." ? "" : path.hasSuffix("/") ? path : path + "/") + name
    return Component(folder: folder, config: try Self.read("\(folder)/\(file)"))
  }
}
