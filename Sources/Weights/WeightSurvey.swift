import Diagnostics

/// What can be seen in the weights of a folder without the model that they belong to.
package struct WeightSurvey: Sendable {
  private let files: WeightFiles

  /// Whether a folder holds weights of any kind, by the names of its files.
  package static func hasWeights(folder: String) -> Bool {
    WeightFolder(path: folder.hasSuffix("/") ? folder : folder + "/").holdsWeights
  }

  /// Opens the weights of a folder.
  ///
  /// - Throws: `weights.file` where the folder has none, a pickle checkpoint alone, or several to
  ///   choose from; `weights.index`, `weights.safetensors` where they are damaged.
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
