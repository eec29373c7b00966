import Diagnostics
import Documents
import Schedules
import Tensors

extension RunRecipe {
  /// The version of the form; a new minor version only adds.
  private static let formatVersion = "1.0"

  /// The recipe as JSON in one line; `init(json:)` reads it back.
  package var json: String {
    let value = JSONValue.object(compact: [
      (key: "format_version", value: .string(Self.formatVersion)),
      (key: "program", value: .string("ditharos")),
      (key: "version", value: .string(version)),
      (key: "kernels", value: .string(kernels)),
      (key: "precision", value: .string(precision.rawValue)),
      (key: "model", value: .string(model)),
      (key: "spec", value: spec.json),
      (key: "weights", value: weights.json),
      (key: "prompt", value: prompt.map(JSONValue.string)),
      (key: "label", value: label.map(JSONValue.integer)),
      (key: "label_name", value: labelName.map(JSONValue.string)),
      (key: "negative_label", value: negativeLabel.map(JSONValue.integer)),
      // As a string, because many readers take numbers for doubles.
      (key: "seed", value: .string(String(seed))),
      (key: "noise", value: noise.json),
      (key: "start", value: start?.json),
      (key: "strength", value: .number(strength)),
      (key: "sampler", value: .string(sampler)),
      (key: "sampler_settings", value: .string(isSamplerChosen ? "default" : "spec")),
      (key: "steps", value: .integer(steps)),
      (key: "guidance", value: .number(guidance)),
      (key: "cache_threshold", value: cacheThreshold.map(JSONValue.number)),
      (key: "height", value: .integer(height)),
      (key: "width", value: .integer(width)),
      (key: "frames", value: frames.map(JSONValue.integer)),
      (key: "scale", value: .integer(scale)),
      (key: "fps", value: framesPerSecond.map(JSONValue.number)),
    ])
    return value.text(pretty: false)
  }

  /// Reads a recipe, which may come from anyone.
  ///
  /// Values are in the ranges that the command line has, strings short and without control
  /// characters. What a later version adds is ignored.
  ///
  /// - Parameter file: The file that holds the text, for messages.
  /// - Throws: `run.recipe` for a text that is none.
  package init(json text: String, file: String) throws(DiagnosticsError) {
    let limits = DocumentLimits(byteCount: 1 << 16, depth: 4, nodeCount: 200)
    let root: DocumentNode
    do throws(DiagnosticsError) {
      root = try parseJSON(text, file: file, limits: limits)
    } catch {
      throw RecipeReader.refusal(file, error.diagnostics[0].message)
    }
    let reader = try RecipeReader(root, file: file)
    let format = try reader.string("format_version")
    guard try reader.string("program") == "ditharos", format?.hasPrefix("1.") == true else {
      throw RecipeReader.refusal(
        file, "it is of the form `\(format ?? "")`, which this version does not know")
    }
    self.init(
      version: try reader.required("version", reader.string),
      kernels: try reader.required("kernels", reader.string),
      precision: try reader.required("precision") { (key) throws(DiagnosticsError) in
        try reader.string(key).flatMap(Precision.init)
      },
      model: try reader.required("model", reader.string),
      spec: try reader.required("spec", reader.source),
      weights: try reader.required("weights", reader.source),
      prompt: try reader.string("prompt"),
      label: try reader.integer("label", in: 0...1_000_000),
      labelName: try reader.string("label_name"),
      negativeLabel: try reader.integer("negative_label", in: 0...1_000_000),
      seed: try reader.required("seed") { (key) throws(DiagnosticsError) in
        try reader.string(key).flatMap { UInt64($0) }
      },
      noise: try reader.required("noise", reader.noise),
      start: try reader.source("start"),
      strength: try reader.required("strength") { (key) throws(DiagnosticsError) in
        try reader.number(key, in: 0...1)
      },
      sampler: try reader.required("sampler") { (key) throws(DiagnosticsError) in
        try reader.string(key).flatMap(Sampler.Kind.init)?.rawValue
      },
      isSamplerChosen: try reader.required("sampler_settings") {
        (key) throws(DiagnosticsError) in
        switch try reader.string(key) {
        case "default": true
        case "spec": false
        default: nil
        }
      },
      steps: try reader.required("steps") { (key) throws(DiagnosticsError) in
        try reader.integer(key, in: 1...100_000)
      },
      guidance: try reader.required("guidance") { (key) throws(DiagnosticsError) in
        try reader.number(key, in: -1000...1000)
      },
      cacheThreshold: try reader.number("cache_threshold", in: 0...10),
      height: try reader.required("height") { (key) throws(DiagnosticsError) in
        try reader.integer(key, in: 1...65536)
      },
      width: try reader.required("width") { (key) throws(DiagnosticsError) in
        try reader.integer(key, in: 1...65536)
      },
      frames: try reader.integer("frames", in: 1...65536),
      scale: try reader.required("scale") { (key) throws(DiagnosticsError) in
        try reader.integer(key, in: 1...256)
      },
      framesPerSecond: try reader.number("fps", in: 0.1...240))
  }
}

extension RunRecipe.Source {
  fileprivate var json: JSONValue {
    .object(compact: [
      (key: "path", value: path.map(JSONValue.string)),
      (key: "digest", value: digest.map { .string("xxh64:" + hexadecimal($0)) }),
      (key: "row", value: row.map(JSONValue.integer)),
    ])
  }
}

extension RunRecipe.Noise {
  fileprivate var json: JSONValue {
    switch self {
    case .seed: .string("seed")
    case .example: .string("example")
    case .file(let source): source.json
    }
  }
}

private func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Reads the values of a recipe.
private struct RecipeReader {
  private let root: DocumentNode
  private let file: String

  init(_ root: DocumentNode, file: String) throws(DiagnosticsError) {
    guard root.entries != nil else { throw Self.refusal(file, "it is no object") }
    self.root = root
    self.file = file
  }

  static func refusal(_ file: String, _ problem: String) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(
        DiffusionRules.recipe, "the recipe in `\(file)` cannot be used: \(problem)",
        help: "give the spec and the options themselves"))
  }

  /// A value that must be there and be valid.
  func required<Value>(
    _ key: String, _ read: (String) throws(DiagnosticsError) -> Value?
  ) throws(DiagnosticsError) -> Value {
    if let value = try read(key) { return value }
    throw Self.refusal(
      file, root[key] == nil ? "`\(key)` is missing" : "`\(key)` is not one of its values")
  }

  func string(_ key: String) throws(DiagnosticsError) -> String? {
    try root[key].map { (node) throws(DiagnosticsError) in try string(node, key) }
  }

  private func string(_ node: DocumentNode, _ key: String) throws(DiagnosticsError) -> String {
    guard case .scalar(let text, .quoted) = node.kind else {
      throw Self.refusal(file, "`\(key)` is no string")
    }
    guard text.utf8.count <= 16384,
      text.unicodeScalars.allSatisfy({ scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: false
        default: true
        }
      })
    else { throw Self.refusal(file, "`\(key)` is too long or holds control characters") }
    return text
  }

  func integer(
    _ key: String, in range: ClosedRange<Int>
  ) throws(DiagnosticsError) -> Int? {
    try root[key].map { (node) throws(DiagnosticsError) in
      try integer(node, key, in: range)
    }
  }

  private func integer(
    _ node: DocumentNode, _ key: String, in range: ClosedRange<Int>
  ) throws(DiagnosticsError) -> Int {
    guard case .scalar(let text, .plain) = node.kind, let value = Int(text), range.contains(value)
    else {
      throw Self.refusal(
        file, "`\(key)` is no whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func number(
    _ key: String, in range: ClosedRange<Double>
  ) throws(DiagnosticsError) -> Double? {
    try root[key].map { (node) throws(DiagnosticsError) in
      guard case .scalar(let text, .plain) = node.kind, let value = Double(text),
        range.contains(value)
      else {
        throw Self.refusal(
          file, "`\(key)` is no number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
  }

  func source(_ key: String) throws(DiagnosticsError) -> RunRecipe.Source? {
    try root[key].map { (node) throws(DiagnosticsError) in try source(node, key) }
  }

  private func source(
    _ node: DocumentNode, _ key: String
  ) throws(DiagnosticsError) -> RunRecipe.Source {
    guard node.entries != nil else { throw Self.refusal(file, "`\(key)` is no object") }
    var source = RunRecipe.Source()
    source.path = try node["path"].map { (node) throws(DiagnosticsError) in
      try string(node, "\(key).path")
    }
    if let path = source.path, path.isEmpty || path.utf8.count > 4096 {
      throw Self.refusal(file, "`\(key).path` is no path")
    }
    source.row = try node["row"].map { (node) throws(DiagnosticsError) in
      try integer(node, "\(key).row", in: 0...1_000_000)
    }
    if let node = node["digest"] {
      let text = try string(node, "\(key).digest")
      let digits = text.dropFirst("xxh64:".count)
      guard text.hasPrefix("xxh64:"), digits.utf8.count == 16,
        digits.allSatisfy({ "0123456789abcdef".contains($0) }),
        let digest = UInt64(digits, radix: 16)
      else { throw Self.refusal(file, "`\(key).digest` is no checksum") }
      source.digest = digest
    }
    return source
  }

  func noise(_ key: String) throws(DiagnosticsError) -> RunRecipe.Noise? {
    guard let node = root[key] else { return nil }
    if node.entries != nil { return .file(try source(node, key)) }
    switch try string(node, key) {
    case "seed": return .seed
    case "example": return .example
    default: return nil
    }
  }
}
