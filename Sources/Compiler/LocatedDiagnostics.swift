import Diagnostics
import ModelSpec

extension LoadedSpec {
  /// Runs what knows the model but not its text: problems that name a key and no place get the
  /// place of that key.
  ///
  /// - Throws: What `body` throws, located.
  package func located<Result>(
    _ body: () throws(DiagnosticsError) -> Result
  ) throws(DiagnosticsError) -> Result {
    do throws(DiagnosticsError) {
      return try body()
    } catch {
      throw DiagnosticsError(located(error.diagnostics))
    }
  }

  /// Problems with the place of the key that each names, where it has none.
  package func located(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    diagnostics.map { diagnostic in
      var located = diagnostic
      if diagnostic.primary == nil, let path = diagnostic.path {
        located.primary = locations.range(of: path)
        // It would repair what was given for the key, not the key.
        located.suggestion = nil
      }
      return located
    }
  }
}
