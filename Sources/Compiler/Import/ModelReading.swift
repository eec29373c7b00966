import Diagnostics
import Documents
import ModelSpec
import Weights

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An import under way.
struct ModelReading {
  let source: ModelFolder
  /// The folder that the spec will stand in.
  let specFolder: String
  private(set) var keys = ImportedKeys()
  /// What the weights of the denoiser say; nil without weights.
  private(set) var evidence: DenoiserEvidence?
  /// Whether a component that has parameters comes without.
  private var isWithoutWeights = false
  private var problems: [Diagnostic]
  private var warnings: [Diagnostic]

  init(_ source: ModelFolder, specFolder: String) {
    self.source = source
    self.specFolder = specFolder
    problems = source.problems
    warnings = source.warnings
  }

  /// The spec.
  ///
  /// - Throws: As `importModel`.
  mutating func model() throws(DiagnosticsError) -> ImportedModel {
    readConfigurations()
    let weights = weightsPath()
    let option = weights.flatMap { nameWeights($0) }
    let loaded = load()
    guard problems.isEmpty, let loaded else { throw DiagnosticsError(problems.inTextOrder) }
    if let weights {
      _ = try ParameterSource.open(
        loaded.spec.parameterDeclarations.map {
          WantedParameter(name: $0.name, dimensions: $0.dimensions)
        }, weights: weights, layout: loaded.spec.weights?.layout ?? Self.layout)
    }
    return ImportedModel(
      text: text(of: keys.minimal(as: loaded.spec)), weightsOption: option,
      exampleLabel: loaded.spec.denoiser?.conditioning.label.map { min(207, $0.classes - 1) },
      warnings: (warnings + keys.warnings).inTextOrder)
  }

  /// The layout of weights of diffusers.
  private static let layout = "diffusers"

  /// What every configuration says.
  private mutating func readConfigurations() {
    let place = source.place
    keys.set("ditharos", String(Grammar.version), at: place)
    keys["name"] = DocumentNode(.scalar(source.name, .quoted), at: place)
    do throws(DiagnosticsError) {
      if let scheduler = source.scheduler { keys.add(try importScheduler(scheduler.config).keys) }
    } catch { problems += error.diagnostics }
    do throws(DiagnosticsError) {
      if let denoiser = source.denoiser { try read(denoiser: denoiser) }
    } catch { problems += error.diagnostics }
    do throws(DiagnosticsError) {
      if let autoencoder = source.autoencoder { try read(autoencoder: autoencoder) }
    } catch { problems += error.diagnostics }
    readClassNames()
    if source.pipeline != nil {
      // What calling the pipeline does by default.
      keys.set("diffusion.guidance", "4", at: place)
    }
  }

  private mutating func read(
    denoiser: ModelFolder.Component
  ) throws(DiagnosticsError) {
    if let survey = try survey(denoiser) {
      evidence = DenoiserEvidence(
        sharesEmbedders: survey.hasEqualCopies(layout: Self.layout),
        finalRows: survey.dimensions(of: "proj_out_2.weight")?.first)
    }
    let found = try importDenoiser(denoiser.config, evidence: evidence)
    keys.add(found.keys)
    problems += found.problems
    keys.set("weights.layout", Self.layout, at: source.place)
  }

  private mutating func read(
    autoencoder: ModelFolder.Component
  ) throws(DiagnosticsError) {
    _ = try survey(autoencoder)
    let found = try importAutoencoder(
      autoencoder.config, latentExtent: keys["latent.height"])
    keys.add(found.keys)
    problems += found.problems
    keys.set("weights.layout", Self.layout, at: source.place)
  }

  /// The weights of a component; nil where there are none that can be opened.
  private mutating func survey(
    _ component: ModelFolder.Component
  ) throws(DiagnosticsError) -> WeightSurvey? {
    guard WeightSurvey.hasWeights(folder: component.folder) else {
      isWithoutWeights = true
      return nil
    }
    do throws(DiagnosticsError) {
      return try WeightSurvey(folder: component.folder)
    } catch {
      guard error.diagnostics.allSatisfy({ $0.rule == WeightRules.file }) else { throw error }
      // A spec needs no weights; those that cannot be opened are not named.
      isWithoutWeights = true
      warnings += error.diagnostics.map {
        Diagnostic(ImportRules.weights, $0.message, help: $0.help)
      }
      return nil
    }
  }

  /// The names of classes that a pipeline has in `id2label`.
  private mutating func readClassNames() {
    guard source.denoiser != nil, let names = source.pipeline?["id2label"],
      names.text != "null"
    else { return }
    let isComplete = names.entries?.allSatisfy { entry in
      if case .scalar(_, .quoted) = entry.value.kind { true } else { false }
    }
    if isComplete == true {
      keys["conditioning.label.names"] = names
    } else {
      problems.append(
        Diagnostic(
          ImportRules.argument, "`id2label` is no mapping of classes to names", at: names.range))
    }
  }

  /// The path of the weights; nil when those of a component are not there, or there is none that
  /// has any.
  private func weightsPath() -> String? {
    if isWithoutWeights { return nil }
    if source.pipeline != nil { return source.path }
    return (source.denoiser ?? source.autoencoder)?.folder
  }

  /// Writes the path of the weights into the spec.
  ///
  /// - Returns: The option that takes them instead, where they lie outside the spec's folder.
  private mutating func nameWeights(_ path: String) -> String? {
    if let weights = resolvedPath(path), let home = resolvedPath(specFolder) {
      let base = home == "/" ? home : home + "/"
      let relative =
        weights == home ? "." : weights.hasPrefix(base) ? weights.dropFirst(base.count) : ""
      // A name that is no text would not lead back.
      if !relative.isEmpty, resolvedPath(base + relative) == weights {
        keys["weights.file"] = DocumentNode(
          .scalar(String(relative), .quoted), at: source.place)
        return nil
      }
    }
    let option = "--weights \(path)"
    warnings.append(
      Diagnostic(
        ImportRules.weights,
        "the weights `\(path)` lie outside the spec's folder `\(specFolder)`, and are not named in "
          + "the spec",
        help: "add \(option) to commands, or write the spec above the weights"))
    return option
  }

  /// Loads the spec; its problems stand where the configurations say what is wrong.
  ///
  /// - Returns: Nil, with at least one problem, where it is none.
  private mutating func load() -> LoadedSpec? {
    do throws(DiagnosticsError) {
      let loaded = try loadSpec(text: keys.spec.document, file: "spec", folder: nil)
      warnings += loaded.warnings.map { located($0, $0.rule) }
      return loaded
    } catch {
      // What is missing was reported when it was read; height and width are one argument.
      let isPartial = !problems.isEmpty
      var places: Set<SourceRange?> = []
      problems += error.diagnostics.filter { problem in
        problem.rule.severity == .error
          && !(isPartial && [SpecRules.missingKey, SpecRules.notASpec].contains(problem.rule))
      }.map { located($0, ImportRules.argument) }.filter { places.insert($0.primary).inserted }
      return nil
    }
  }

  private func located(_ problem: Diagnostic, _ rule: Rule) -> Diagnostic {
    Diagnostic(
      rule, problem.message, help: problem.help,
      at: problem.path.flatMap { keys.place(of: $0) } ?? source.place)
  }
}

/// The absolute path of a file with links followed; nil when there is none.
private func resolvedPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
