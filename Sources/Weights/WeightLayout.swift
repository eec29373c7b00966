/// A name map: which tensor of a file fills which parameter of a model.
///
/// Layouts are data: YAML under `Layouts/`, whose grammar `diffusers-dit.yaml` explains.
struct WeightLayout: Sendable {
  /// Where one parameter, or one for every block, comes from.
  struct Entry: Sendable {
    /// The parameter's name.
    var parameter: NameTemplate
    /// The tensor's name.
    var tensor: NameTemplate
    /// Whether neighbouring axes of the tensor are merged to give the parameter's.
    var mergesAxes = false
    /// What to do where a tensor that is repeated for every block has unequal copies; nil where
    /// there is one tensor for one parameter.
    var unequalHelp: String?
  }

  /// The name, as in `weights: {layout: NAME}` of a spec.
  var name: String
  /// What kind of file it describes.
  var summary: String
  /// Tensors that no parameter needs.
  var ignored: [NamePattern]
  /// The first entry whose parameter matches a name decides.
  var entries: [Entry]

  /// The entry responsible for a parameter, and what its placeholders stand for.
  func entry(for parameter: String) -> (entry: Entry, bindings: NameTemplate.Bindings)? {
    for entry in entries {
      if let bindings = entry.parameter.match(parameter) { return (entry, bindings) }
    }
    return nil
  }

  /// The number of blocks that tensors of these names are made of, or 0.
  func blockCount(ofTensors names: [String]) -> Int {
    let templates = entries.map(\.tensor).filter { $0.placeholders.contains(.block) }
    var last = -1
    for name in names {
      for template in templates {
        if let block = template.match(name)?[.block] { last = max(last, Int(block) ?? -1) }
      }
    }
    return last + 1
  }

  /// Every layout, in the order to suggest them.
  static let all: [WeightLayout] = [
    PackageResources.ditharos_yaml, PackageResources.diffusers_dit_yaml,
  ].map { WeightLayout(yaml: String(decoding: $0, as: UTF8.self)) }
}

/// The names of the layouts that a spec can choose.
package let weightLayoutNames: [String] = WeightLayout.all.map(\.name)
