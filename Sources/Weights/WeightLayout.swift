import Tensors

/// A name map: which tensors of a file fill which parameter of a model.
///
/// Layouts are data: YAML under `Layouts/`, whose grammar `diffusers-dit.yaml` explains.
package struct WeightLayout: Sendable {
  /// Where one parameter, or one for every block, comes from.
  struct Entry: Sendable {
    /// The parameter's name.
    var parameter: NameTemplate
    /// The tensors' names; several are joined along their first axis.
    var tensors: [NameTemplate]
    /// The one tensor's name in older files.
    var formerTensor: NameTemplate?
    /// The subfolder of a pipeline that holds the tensors.
    var component = WeightLayout.denoiserComponent
    /// Which of how many equal parts of the tensor's first axis is the parameter; nil is all of it.
    var part: TensorPart?
    /// Whether the halves of the first axis change places.
    var swapsHalves = false
    /// Whether the two axes change places.
    var isTransposed = false
    /// Whether neighbouring axes of the tensor are merged to give the parameter's.
    var mergesAxes = false
    /// What to do where a tensor that is repeated for every block has unequal copies; nil where
    /// there is one tensor for one parameter.
    var unequalHelp: String?
  }

  /// The component that entries name which name none.
  static let denoiserComponent = "transformer"

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

  /// The components of a pipeline that hold the tensors of some parameters, sorted.
  func components(of parameters: [WantedParameter]) -> [String] {
    Set(parameters.compactMap { entry(for: $0.name)?.entry.component }).sorted()
  }

  /// The number of blocks that tensors of these names are made of, or 0.
  func blockCount(ofTensors names: [String]) -> Int {
    let templates = entries.flatMap(\.tensors).filter { $0.placeholders.contains(.block) }
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
    PackageResources.diffusers_autoencoder_yaml, PackageResources.original_dit_yaml,
  ].reduce(into: []) { layouts, bytes in
    let layout = WeightLayout(yaml: String(decoding: bytes, as: UTF8.self))
    guard let index = layouts.firstIndex(where: { $0.name == layout.name }) else {
      return layouts.append(layout)
    }
    layouts[index].summary += "; " + layout.summary
    layouts[index].ignored += layout.ignored
    layouts[index].entries += layout.entries
  }

  /// The layout of a name, if there is one.
  static func named(_ name: String) -> WeightLayout? { all.first { $0.name == name } }
}

/// One of several equal, consecutive parts of a tensor's first axis.
struct TensorPart: Sendable, Hashable {
  /// Which one, from 0.
  var index: Int
  /// How many there are.
  var count: Int
}

/// The names of the layouts that a spec can choose.
package let weightLayoutNames: [String] = WeightLayout.all.map(\.name)
