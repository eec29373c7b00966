import Diagnostics
import Documents
import Foundation
import ModelSpec

/// The folder of the package, with a slash at its end.
let packageFolder: String = {
  let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return parts.dropLast(3).joined(separator: "/") + "/"
}()

/// The specs that ship, by name.
let shippedSpecs: [String] = {
  let files = try? FileManager.default.contentsOfDirectory(atPath: packageFolder + "Specs")
  return (files ?? []).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
}()

/// The path of a shipped spec.
func path(ofShipped name: String) -> String { packageFolder + "Specs/\(name).yaml" }

/// A spec of a text, in no folder.
func load(_ text: String) throws(DiagnosticsError) -> ModelSpec {
  try loadSpec(text: text, file: "test.yaml", folder: nil).spec
}

/// What is wrong with a text, as `line:column rule message`.
func problems(_ text: String) -> [String] {
  do throws(DiagnosticsError) {
    return try loadSpec(text: text, file: "test.yaml", folder: nil).warnings.map(\.shortText)
  } catch {
    return error.diagnostics.map(\.shortText)
  }
}

extension Diagnostic {
  /// The diagnostic as `line:column rule message`.
  var shortText: String {
    let place = primary.map { "\($0.start.line):\($0.start.column)" } ?? "-"
    return "\(place) \(rule.id) \(message)"
  }
}

/// What `validate` says of a text: rules, files and comments that ignore rules, as
/// `line:column rule message`.
func validationProblems(
  _ text: String, file: String = "test.yaml", folder: String? = nil,
  policy: RulePolicy = RulePolicy()
) -> [String] {
  validated(text, file: file, folder: folder, policy: policy).map(\.shortText)
}

/// What `validate` says of a text.
func validated(
  _ text: String, file: String = "test.yaml", folder: String? = nil,
  policy: RulePolicy = RulePolicy()
) -> [Diagnostic] {
  var found: [Diagnostic]
  do throws(DiagnosticsError) {
    let loaded = try loadSpec(text: text, file: file, folder: folder)
    found = loaded.warnings
    if let folder { found += loaded.weightsFileProblems(folder: folder) }
  } catch {
    found = error.diagnostics
  }
  return policy.applied(to: found, file: file, rules: SpecRules.all + DocumentRules.all) {
    $0 == file ? text : nil
  }
}
