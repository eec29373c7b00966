import Diagnostics
import Tensors

extension LayoutMatch {
  /// The one problem that a file which does not fit is reported as: grouped by cause, with a few
  /// names of each group, and what most likely explains them.
  func mismatch(
    of files: WeightFiles, wanted: [WantedParameter], layout: WeightLayout,
    optional: Set<String>
  ) -> Diagnostic {
    var groups: [String] = []
    if !missing.isEmpty {
      groups.append("\(counted(missing.count, "tensor")) missing: \(abbreviated(missing))")
    }
    if !extra.isEmpty {
      groups.append(
        "\(counted(extra.count, "tensor")) that no parameter needs: \(abbreviated(extra))")
    }
    if let first = misshapen.first {
      groups.append(
        "\(counted(misshapen.count, "tensor")) of the wrong shape: "
          + "\(abbreviated(misshapen.map(\.name))), the first is \(Shape(first.found)), "
          + "the model needs \(Shape(first.wanted))")
    }
    if let first = mistyped.first {
      groups.append(
        "\(counted(mistyped.count, "tensor")) not floating-point: "
          + "\(abbreviated(mistyped.map(\.name))), the first is \(first.dtype.safetensorsName)")
    }
    if !unmapped.isEmpty {
      groups.append(
        "\(counted(unmapped.count, "parameter")) that layout `\(layout.name)` has no tensor for: "
          + abbreviated(unmapped))
    }
    return Diagnostic(
      WeightRules.fit,
      "`\(files.path)` does not fit the model in layout `\(layout.name)`: "
        + groups.joined(separator: "; "),
      help: explanation(of: files, wanted: wanted, layout: layout, optional: optional))
  }

  /// Another layout, a prefix before every name, or another number of blocks.
  private func explanation(
    of files: WeightFiles, wanted: [WantedParameter], layout: WeightLayout,
    optional: Set<String>
  ) -> String? {
    let names = files.ownNames
    let prefix = files.isPipeline ? "" : commonPrefix(names)
    var best = (problemCount: problemCount, layout: layout, prefix: "")
    for candidate in WeightLayout.all {
      for candidatePrefix in Set(["", prefix]).sorted() {
        let match = LayoutMatch(
          wanted, in: files, layout: candidate, prefix: candidatePrefix, optional: optional)
        // Half the names at most may be wrong: a guess that hardly helps would mislead.
        if match.problemCount * 2 < best.problemCount {
          best = (match.problemCount, candidate, candidatePrefix)
        }
      }
    }
    var advice: [String] = []
    if best.layout.name != layout.name {
      advice.append(
        "the names are those of layout `\(best.layout.name)`: "
          + "write `weights: {layout: \(best.layout.name)}` in the spec")
    }
    if !best.prefix.isEmpty {
      advice.append(
        "every name starts with `\(best.prefix)`: save the file again with names without it")
    }
    if advice.isEmpty {
      let found = layout.blockCount(ofTensors: names)
      let needed = layout.blockCount(
        ofTensors: wanted.compactMap { parameter in
          layout.entry(for: parameter.name).map { $0.entry.tensors[0].substitute($0.bindings) }
        })
      if found > 0, needed > 0, found != needed {
        advice.append(
          "the file has \(counted(found, "block")), the model \(needed): "
            + "check `depth` in the spec")
      } else if missing.count * 2 > wanted.count, let family = ModelFamilies.name(ofTensors: names)
      {
        advice.append("the tensors are those of \(family)")
      }
    }
    return advice.isEmpty ? nil : advice.joined(separator: "; ")
  }
}

/// What stands before the first dot of every name, the dot included, or nothing.
private func commonPrefix(_ names: [String]) -> String {
  guard let first = names.first, let dot = first.firstIndex(of: ".") else { return "" }
  let prefix = String(first[...dot])
  return names.allSatisfy { $0.hasPrefix(prefix) } ? prefix : ""
}
