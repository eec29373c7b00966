import Diagnostics

extension SpecRules {
  package static let weightsFile = rule(
    "weights-file", "The weight file of a spec exists in the spec's folder.",
    explanation: """
      The path of `weights` is relative to the spec and stays within its folder, links
      followed. Only `validate` looks whether the file exists, because a plan needs no weights
      and `--weights` names others; where weights are kept out of the repository, lower this
      rule to a warning in `.ditharos.yaml`.
      """,
    failing: "weights: {layout: diffusers, file: missing.safetensors}",
    fixed: "weights: {layout: diffusers}")
}

extension LoadedSpec {
  /// What is wrong with the file of `weights`, which loading does not look at: it is missing, or a
  /// link leads out of the spec's folder.
  package func weightsFileProblems(folder: String) -> [Diagnostic] {
    guard let file = spec.weights?.file else { return [] }
    let place = locations.range(of: "weights.file")
    func problem(_ message: String, _ help: String) -> [Diagnostic] {
      [
        Diagnostic(
          SpecRules.weightsFile, message, help: help, at: place, path: "weights.file")
      ]
    }
    let path = folder == "." ? file : folder + (folder.hasSuffix("/") ? "" : "/") + file
    guard let target = resolvedPath(path) else {
      return problem(
        "the weight file `\(file)` is missing", "put it beside the spec, or remove `file`")
    }
    if let base = resolvedPath(folder), target != base,
      !target.hasPrefix(base.hasSuffix("/") ? base : base + "/")
    {
      return problem(
        "`\(file)` leads out of the spec's folder through a link", "copy the file into the folder")
    }
    return []
  }
}
