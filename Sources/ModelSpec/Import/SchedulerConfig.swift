import Diagnostics
import Documents

/// A scheduler's configuration as keys of a spec.
package struct ImportedScheduler: Sendable {
  /// The keys below `diffusion`, without `variance`, `steps` and guidance, of which a scheduler
  /// knows nothing.
  package var keys: ImportedKeys

  /// The value of the key `diffusion`.
  package var diffusion: YAMLValue {
    keys.tree(Grammar.diffusion, at: "diffusion.", range: nil).yamlValue(Grammar.diffusion)
  }
}

/// Reads a `scheduler_config.json` of diffusers; arguments that are left out have the defaults of
/// diffusers 0.42.1.
///
/// The noise levels of a flow are those that the scheduler makes by itself, `spacing: linspace`; a
/// pipeline that hands it levels from 1 to 1 / steps needs `spacing: trailing`.
///
/// - Parameter config: The configuration, with infinities allowed.
/// - Throws: Rules `import.class` and `import.argument` for everything that a spec cannot say, each
///   at its place.
package func importScheduler(
  _ config: DocumentNode
) throws(DiagnosticsError) -> ImportedScheduler {
  let reader = try ConfigReader(
    config, classes: ImportedClass.schedulers, kind: "scheduler")
  let tree = reader.keys.tree(Grammar.diffusion, at: "diffusion.", range: reader.place)
  var checker = SchemaChecker()
  _ = checker.check(tree, Grammar.diffusion, place: reader.place, path: "diffusion")
  let problems =
    reader.problems
    + checker.diagnostics.map {
      Diagnostic(ImportRules.argument, $0.message, help: $0.help, at: $0.primary ?? reader.place)
    }
  if !problems.isEmpty { throw DiagnosticsError(problems) }
  return ImportedScheduler(keys: reader.keys)
}
