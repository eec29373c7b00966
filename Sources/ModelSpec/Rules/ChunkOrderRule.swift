import Diagnostics

extension SpecRules {
  package static let chunkOrder = rule(
    "chunk-order", "An order names each chunk of its form once.",
    explanation: """
      One linear layer makes the shift, the scale and the gate of a sublayer side by side, and
      the order says which is which. Families differ in it, and weights loaded in another
      order give pictures that are wrong, not an error.
      """,
    failing: "  modulation: {form: adaln_zero, order: [shift, scale]}",
    fixed: "  modulation: {form: adaln_zero, order: [shift, scale, gate]}")
}

extension SpecDecoder {
  mutating func checkChunkOrder(_ conditioning: Conditioning) {
    let path = "conditioning.modulation.order"
    guard let modulation = conditioning.modulation, isValid("conditioning.modulation") else {
      return
    }
    let expected = modulation.form.standardOrder
    let order = modulation.order
    if order.count != expected.count || Set(order) != Set(expected) {
      report(
        SpecRules.chunkOrder,
        "`order` is [\(order.map(\.rawValue).joined(separator: ", "))], expected "
          + "\(listed(expected.map(\.rawValue), conjunction: "and")) once each with "
          + "`form: \(modulation.form.rawValue)`",
        help: "write [\(expected.map(\.rawValue).joined(separator: ", "))]", at: path,
        suggestion: "[\(expected.map(\.rawValue).joined(separator: ", "))]")
    }
  }

  mutating func checkFinalChunkOrder(_ denoiser: Denoiser) {
    let path = "final_layer.modulation"
    let chunks = denoiser.finalLayer.modulation
    guard !chunks.isEmpty, isValid(path), Set(chunks) != [.shift, .scale] || chunks.count != 2
    else { return }
    report(
      SpecRules.chunkOrder,
      "`modulation` is [\(chunks.map(\.rawValue).joined(separator: ", "))], expected `shift` "
        + "and `scale` once each", help: "write [shift, scale]", at: path,
      suggestion: "[shift, scale]")
  }
}
