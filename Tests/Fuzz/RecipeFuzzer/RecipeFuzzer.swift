import Diagnostics
import Diffusion
import FuzzProperties
import Media

/// Reads any bytes as a picture that says how it was made, or as the recipe itself; libFuzzer calls
/// it with one input after the other.
///
/// What is accepted must be written and read again as the same recipe.
@_cdecl("LLVMFuzzerTestOneInput")
func runRecipe(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: count))
  requireQuick { check(input) }
  return 0
}

private func check(_ input: [UInt8]) {
  var text: String?
  do throws(MediaError) {
    switch input.first {
    case 0x89: text = try pngText(path: "input", bytes: input)
    case UInt8(ascii: "R"): text = try webPText(path: "input", bytes: input)
    default: text = String(decoding: input, as: UTF8.self)
    }
  } catch {
    require(!error.message.isEmpty, "a refusal without words")
  }
  guard let text else { return }
  if input.first == 0x89 || input.first == UInt8(ascii: "R") {
    require(text.utf8.count <= PictureText.byteLimit + 64, "a text over the limit is read")
  }
  guard let recipe = read(text) else { return }
  let written = recipe.json
  guard let again = read(written) else { fail("a recipe of our own is refused") }
  require(again == recipe, "a recipe changed")
  require(again.json == written, "writing twice changes the bytes")
  require(
    !written.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F },
    "a control character came through")
}

private func read(_ text: String) -> RunRecipe? {
  do throws(DiagnosticsError) {
    return try RunRecipe(json: text, file: "input")
  } catch {
    require(
      error.diagnostics.allSatisfy { $0.rule == DiffusionRules.recipe && !$0.message.isEmpty },
      "a malformed recipe is not reported as one")
    return nil
  }
}
