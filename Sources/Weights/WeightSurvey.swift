import Diagnostics

/// What can be seen in the weights of a folder without the model that they belong to.
package struct WeightSurvey: Sendable {
  private let files: WeightFiles

  /// The weights that a folder holds.
  package enum Holding: Sendable, Hashable {
    /// None.
    case nothing
    /// Safetensors files.
    case safetensors
    /// A pickle checkpoint alone, with the way to convert it.
    case pickle(conversion: String)
  }

  /// What a folder holds, by the names of its files.
  package static func holding(of folder: String) -> Holding {
    let base = folder.hasSuffix("/") ? folder : folder + "/"
    let files = WeightFolder(path: base)
    if files.holdsSafetensors { return .safetensors }
    return files.firstPickle.map { .pickle(conversion: pickleConversion(path: base + $0)) }
      ?? .nothing
  }

  /// Opens the weights of a folder.
  ///
  /// - Throws: `weights.file`, also for a folder that holds a pickle checkpoint alone,
  ///   `weights.index`, `weights.safetensors`.
  package init(folder: String) throws(DiagnosticsError) {
    files = try WeightFiles(path: folder, components: [])
  }

  /// The extents of a tensor; nil when there is none.
  package func dimensions(of tensor: String) -> [Int]? {
    files.tensors.first { $0.name == tensor }?.dimensions
  }

  /// Whether all tensors that a layout allows a file to repeat for every block are equal.
  ///
  /// - Returns: Also true where nothing is repeated, or the layout is unknown.
  package func hasEqualCopies(layout name: String) -> Bool {
    guard let layout = WeightLayout.named(name) else { return true }
    return LayoutMatch.repeatedTensors(files.tensors, layout) { _ in "" }.values.allSatisfy {
      views in views.dropFirst().allSatisfy { $0.isIdentical(to: views[0]) }
    }
  }
}
