import Diagnostics
import Documents
import ModelSpec

/// The names of a model's classes.
///
/// A name may be several with commas between them, as in `tabby, tabby cat`; each of them is the
/// class's too. Letter case does not matter.
package struct LabelNames: Sendable, Hashable {
  /// The names in the order of the classes; empty where a class has none.
  package let names: [String]

  /// The names of classes, in order.
  package init(_ names: [String]) { self.names = names }

  /// The name of a class; nil where it has none.
  package func name(of label: Int) -> String? {
    names.indices.contains(label) && !names[label].isEmpty ? names[label] : nil
  }

  /// The class of a name, or of one of several names of a class.
  ///
  /// - Throws: `run.label-name` for a name that no class has, or several have.
  package func label(named name: String) throws(DiagnosticsError) -> Int {
    let key = Self.key(name)
    let parts = names.map { $0.split(separator: ",").map { Self.key(String($0)) } }
    var found = names.indices.filter { Self.key(names[$0]) == key }
    if found.isEmpty { found = names.indices.filter { parts[$0].contains(key) } }
    if let label = found.first, found.count == 1 { return label }
    if !found.isEmpty {
      let numbers = found.map { "\($0) (\(names[$0]))" }.joined(separator: ", ")
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.labelName, "\(found.count) classes are named `\(name)`: \(numbers)",
          help: "use the number: \(listed(found.prefix(5).map(String.init)))",
          path: "conditioning.label"))
    }
    let nearest = nearestName(to: key, among: parts.joined())
    throw DiagnosticsError(
      Diagnostic(
        DiffusionRules.labelName, "no class is named `\(name)`",
        help: nearest.map { "did you mean `\($0)`?" }
          ?? "some are \(listed(Array(names.filter { !$0.isEmpty }.prefix(3)), conjunction: "and"))",
        path: "conditioning.label"))
  }

  private static func key(_ name: String) -> String {
    name.lowercased().split { $0.isWhitespace || $0 == "_" }.joined(separator: " ")
  }
}

extension LabelNames {
  /// The most bytes of a file of names.
  private static let byteLimit = 16 << 20

  /// The names that a spec gives, or a file beside it, or the folder of its weights; nil where
  /// none does.
  ///
  /// - Parameters:
  ///   - folder: The folder of the spec.
  ///   - weights: Where the weights are; nil where the spec says it.
  /// - Throws: `run.label-name` for a file of names that cannot be used, and what reading it throws.
  package static func of(
    _ spec: ModelSpec, folder: String, weights: String?
  ) throws(DiagnosticsError) -> LabelNames? {
    guard let condition = spec.denoiser?.conditioning.label else { return nil }
    if let last = condition.names.last {
      var names = [String](repeating: "", count: last.number + 1)
      for name in condition.names { names[name.number] = name.text }
      return LabelNames(names)
    }
    if let file = condition.namesFile {
      let path = try spec.path(of: file, in: folder)
      let names = try parsed(readTextFile(path, byteLimit: byteLimit), path: path)
      guard names.count <= condition.rowCount else {
        throw unusable(path, "holds \(names.count) names for \(condition.classes) classes")
      }
      return LabelNames(names)
    }
    guard let weights = weights ?? spec.weights?.file.map({ "\(folder)/\($0)" }) else { return nil }
    for name in ["model_index.json", "config.json", "../model_index.json"] {
      // A folder without such a file, and a file of weights, give no names.
      guard let text = try? readTextFile("\(weights)/\(name)", byteLimit: byteLimit),
        let labels = try? parseJSON(text, file: name)["id2label"], let entries = labels.entries,
        let names = numbered(entries), names.count <= condition.rowCount
      else { continue }
      return LabelNames(names)
    }
    return nil
  }

  /// The names in a text: one on each line, or a list or an object of numbers in JSON.
  private static func parsed(_ text: String, path: String) throws(DiagnosticsError) -> [String] {
    guard let first = text.first(where: { !$0.isWhitespace }) else {
      throw unusable(path, "is empty")
    }
    guard first == "{" || first == "[" else {
      var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
      return lines.map { String($0.hasSuffix("\r") ? $0.dropLast() : $0) }
    }
    let root = try parseJSON(text, file: path)
    let names =
      if let elements = root.elements {
        elements.allSatisfy { $0.text != nil } ? elements.compactMap(\.text) : nil
      } else {
        numbered((root["id2label"] ?? root).entries ?? [])
      }
    if let names, !names.isEmpty { return names }
    throw unusable(path, "holds no list of names, and no object from numbers to names")
  }

  /// The names of an object from numbers to names; nil for any other.
  private static func numbered(_ entries: [DocumentNode.Entry]) -> [String]? {
    var names: [String] = []
    for entry in entries {
      guard let number = entry.key.text.flatMap(Int.init), (0..<1_000_001).contains(number),
        let name = entry.value.text
      else { return nil }
      while names.count <= number { names.append("") }
      names[number] = name
    }
    return names.isEmpty ? nil : names
  }

  private static func unusable(_ path: String, _ problem: String) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(
        DiffusionRules.labelName, "`\(path)` \(problem)",
        help: "write one name on each line, the first for class 0",
        path: "conditioning.label.names_file"))
  }
}
