import Diagnostics
import Documents

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A spec's tree with the components that stand in other files put in.
struct ResolvedSpec {
  var root: DocumentNode
  /// The keys whose component could not be read; they are left out of the tree.
  var failed: [String] = []
  var diagnostics: [Diagnostic] = []
}

/// Puts components in: a component is `{file: relative.yaml}`, the file a spec that holds the same
/// key.
///
/// The file stays within the spec's folder, links followed. The parameters of the component that
/// stand in its file come along; those of the spec itself override them.
func resolveComponents(of root: DocumentNode, folder: String?) -> ResolvedSpec {
  var result = ResolvedSpec(root: root)
  guard let entries = root.entries else { return result }
  var resolved: [DocumentNode.Entry] = []
  var parameters: [DocumentNode.Entry] = []
  for var entry in entries {
    if let name = entry.key.text, Grammar.componentNames.contains(name),
      let reference = entry.value.entries, reference.count == 1, reference[0].key.text == "file"
    {
      do throws(DiagnosticsError) {
        let component = try component(name, reference[0].value, folder: folder)
        entry.value = component.value
        parameters += component.parameters
      } catch {
        result.diagnostics += error.diagnostics
        result.failed.append(name)
        continue
      }
    }
    resolved.append(entry)
  }
  result.root.kind = .mapping(resolved)
  result.root.addParameters(parameters)
  return result
}

extension DocumentNode {
  /// Adds entries to `parameters`, but for the names that stand there.
  fileprivate mutating func addParameters(_ added: [Entry]) {
    guard let first = added.first, case .mapping(var entries) = kind else { return }
    if let index = entries.firstIndex(where: { $0.key.text == "parameters" }) {
      guard case .mapping(let own) = entries[index].value.kind else { return }
      let names = Set(own.compactMap(\.key.text))
      entries[index].value.kind = .mapping(
        own + added.filter { !names.contains($0.key.text ?? "") })
    } else {
      var key = first.key
      key.kind = .scalar("parameters", .plain)
      entries.append(
        Entry(key: key, value: DocumentNode(.mapping(added), at: first.key.range)))
    }
    kind = .mapping(entries)
  }
}

private func component(
  _ name: String, _ node: DocumentNode, folder: String?
) throws(DiagnosticsError) -> (value: DocumentNode, parameters: [DocumentNode.Entry]) {
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
    target != base, !target.hasPrefix(base.hasSuffix("/") ? base : base + "/")
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
        diagnostic.message = diagnostic.message.replacing("`\(path)`", with: "`\(file)`")
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
  let parameters = root["parameters"]?.entries ?? []
  return (value, parameters.filter { $0.key.text?.hasPrefix(name + ".") ?? false })
}

/// The absolute path of a file with links followed; nil when there is none.
func resolvedPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}
