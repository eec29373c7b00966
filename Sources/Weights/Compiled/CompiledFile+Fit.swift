import Diagnostics
import Tensors

extension CompiledFile {
  /// Checks that the file holds the parameters of a model.
  ///
  /// - Parameters:
  ///   - wanted: The parameters whose values the file is to give.
  ///   - inline: The parameters whose values stand in the spec; the file may hold them too.
  /// - Throws: `weights.fit` with what is missing, left over and of another shape.
  func checkFit(
    _ wanted: [WantedParameter], inline: Set<String>
  ) throws(DiagnosticsError) {
    let held = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.dimensions) })
    let names = Set(wanted.map(\.name)).union(inline)
    let missing = wanted.filter { held[$0.name] == nil }.map(\.name)
    let extra = parameters.map(\.name).filter { !names.contains($0) }
    let misshapen = wanted.filter { parameter in
      held[parameter.name].map { $0 != parameter.dimensions } ?? false
    }
    var groups: [String] = []
    if !missing.isEmpty {
      groups.append("\(counted(missing.count, "parameter")) missing: \(abbreviated(missing))")
    }
    if !extra.isEmpty {
      groups.append(
        "\(counted(extra.count, "parameter")) that the model has not: \(abbreviated(extra))")
    }
    if let first = misshapen.first {
      groups.append(
        "\(counted(misshapen.count, "parameter")) of another shape: "
          + "\(abbreviated(misshapen.map(\.name))), the first is \(Shape(held[first.name] ?? [])), "
          + "the model needs \(Shape(first.dimensions))")
    }
    if groups.isEmpty { return }
    throw DiagnosticsError(
      Diagnostic(
        WeightRules.fit,
        "`\(path)` was compiled from another model: " + groups.joined(separator: "; "),
        help: "compile the spec that is to be run, or name the file in place of the spec, to run "
          + "the one that it holds"))
  }
}
