import Diagnostics
import Documents

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The tree with the components that stand in other files put in.
///
/// A component is `{file: relative.yaml}`; the file is a spec that holds the same key. It stays
/// within the spec's folder, links followed.
func resolveComponents(
  of root: DocumentNode, folder: String?
) -> (root: DocumentNode, diagnostics: [Diagnostic]) {
  guard case .mapping(var entries) = root.kind else { return (root, []) }
  var diagnostics: [Diagnostic] = []
  for index in entries.indices {
    guard let name = entries[index].key.text, ["autoencoder", "diffusion"].contains(name),
      let reference = entries[index].value.entries, reference.count == 1,
      reference[0].key.text == "file"
    else { continue }
    do throws(DiagnosticsError) {
      entries[index].value = try component(name, reference[0].value, folder: folder)
    } catch {
      diagnostics += error.diagnostics
      entries.remove(at: index)
      return finish(root, entries, diagnostics, name)
    }
  }
  return finish(root, entries, diagnostics, nil)
}

private func finish(
  _ root: DocumentNode, _ entries: [DocumentNode.Entry], _ diagnostics: [Diagnostic],
  _ removed: String?
) -> (root: DocumentNode, diagnostics: [Diagnostic]) {
  var result = root
  result.kind = .mapping(entries)
  return (result, diagnostics)
}

private func component(
  _ name: String, _ node: DocumentNode, folder: String?
) throws(DiagnosticsError) -> DocumentNode {
  func failure(_ message: String, help: String? = nil) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(
        SpecRules.component, message, help: help, at: node.range, path: "\(name).file"))
  }
  guard let file = node.text, !file.isEmpty else { throw failure("`file` is not a path") }
  guard let folder else {
    throw failure(
      "a spec without a folder cannot refer to `\(file)`", help: "read the spec from a file")
  }
  if file.hasPrefix("/") {
    throw failure("`\(file)` is an absolute path", help: "write it relative to the spec")
  }
  if file.split(separator: "/").contains("..") {
    throw failure("`\(file)` leads out of the spec's folder")
  }
  let path = folder == "." ? file : folder + (folder.hasSuffix("/") ? "" : "/") + file
  if let target = resolvedPath(path), let base = resolvedPath(folder),
    !target.hasPrefix(base.hasSuffix("/") ? base : base + "/")
  {
    throw failure("`\(file)` leads out of the spec's folder through a link")
  }
  let text: String
  do throws(DiagnosticsError) {
    text = try readTextFile(path, byteLimit: DocumentLimits.spec.byteCount)
  } catch {
    throw DiagnosticsError(
      error.diagnostics.map {
        var diagnostic = $0
        diagnostic.primary = node.range
        diagnostic.path = "\(name).file"
        return diagnostic
      })
  }
  let document = parseYAML(text, file: path)
  if !document.diagnostics.isEmpty { throw DiagnosticsError(document.diagnostics) }
  guard let root = document.root, root["ditharos"]?.text == String(Grammar.version) else {
    throw failure("`\(file)` does not begin with `ditharos: \(Grammar.version)`: it is no spec")
  }
  guard let value = root[name] else { throw failure("`\(file)` has no key `\(name)`") }
  if value["file"] != nil {
    throw failure("`\(file)` refers to yet another file for its `\(name)`")
  }
  return value
}

/// The absolute path of a file with links followed; nil when there is none.
private func resolvedPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
