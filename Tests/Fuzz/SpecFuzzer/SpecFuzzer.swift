import Compiler
import Diagnostics
import Documents
import FuzzProperties
import ModelSpec

/// Loads any bytes as a spec; libFuzzer calls it with one input after the other.
///
/// What is refused must be refused with places within the text, and render. What is accepted
/// must have a canonical text that loads as the same spec; small ones must compile and plan.
@_cdecl("LLVMFuzzerTestOneInput")
func runSpec(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: bytes, count: count)
  // `readTextFile` refuses the others.
  guard let text = String(validating: input, as: UTF8.self) else { return 0 }
  requireQuick { checkSpec(text) }
  return 0
}

private func checkSpec(_ text: String) {
  let loaded: LoadedSpec
  do throws(DiagnosticsError) {
    loaded = try loadSpec(text: text, file: fileName, folder: nil)
  } catch {
    check(error.diagnostics, of: text)
    return
  }
  check(loaded.warnings, of: text)
  checkCanonicalForm(of: loaded.spec)
  if loaded.spec.isSmall { checkPlan(of: loaded) }
}

private let fileName = "fuzz.yaml"

/// Places are within the text, and every rendering can be made.
private func check(_ diagnostics: [Diagnostic], of text: String) {
  // The breaks of YAML 1.1, as libyaml counts lines.
  let lineCount = text.unicodeScalars.reduce(1) { count, scalar in
    switch scalar {
    case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": count + 1
    default: count
    }
  }
  for diagnostic in diagnostics {
    for range in [diagnostic.primary].compactMap(\.self) + diagnostic.related.map(\.range) {
      require(range.file == fileName, "a place is in `\(range.file)`: \(diagnostic.message)")
      require(range.start <= range.end, "a range ends before it begins: \(diagnostic.message)")
      require(
        range.start.line >= 1 && range.start.column >= 1 && range.end.line <= lineCount,
        "a place is outside of the text: \(diagnostic.message)")
    }
    require(!diagnostic.message.isEmpty, "a message is empty")
  }
  _ = TextRenderer(color: true, sourceText: { $0 == fileName ? text : nil }).render(diagnostics)
  _ = diagnostics.json(with: []).text()
}

/// The canonical text loads as an equal spec, and expands to itself.
private func checkCanonicalForm(of spec: ModelSpec) {
  let canonical = expand(spec)
  // A canonical text is longer than what it was made of; beyond the cap it is refused.
  guard canonical.utf8.count <= DocumentLimits.spec.byteCount else { return }
  do throws(DiagnosticsError) {
    let again = try loadSpec(text: canonical, file: "canonical", folder: nil).spec
    require(again == spec, "the canonical form is another spec:\n\(canonical)")
    require(expand(again) == canonical, "expanding twice changes the text:\n\(canonical)")
  } catch {
    if error.diagnostics.allSatisfy({ $0.rule.id == "yaml.limit" }) { return }
    fail("the canonical form is refused: \(error.diagnostics[0].message)\n\(canonical)")
  }
}

/// A valid spec compiles, or is refused for a reason that its author can mend.
private func checkPlan(of loaded: LoadedSpec) {
  do throws(DiagnosticsError) {
    _ = try ModelCompiler(loaded).figures()
  } catch {
    let faults = error.diagnostics.filter { $0.rule.kind == .program }
    if let fault = faults.first { fail("a valid spec does not compile: \(fault.message)") }
  }
}

extension ModelSpec {
  /// Whether its plan is made in a few milliseconds.
  fileprivate var isSmall: Bool {
    let pixelCount = pixels.map { ($0.frames ?? 1) * $0.height * $0.width } ?? 0
    let steps = diffusion?.steps ?? 0
    guard pixelCount <= 4096, steps <= 64, (checkedParameterCount ?? .max) <= 1 << 20 else {
      return false
    }
    guard let denoiser else { return true }
    let latent = denoiser.latent
    return denoiser.depth <= 4 && denoiser.blocks.allSatisfy { $0.sublayers.count <= 8 }
      && (latent.frames ?? 1) * latent.height * latent.width * latent.channels <= 4096
  }
}
