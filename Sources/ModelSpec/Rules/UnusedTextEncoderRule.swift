import Diagnostics

extension SpecRules {
  package static let unusedTextEncoder = rule(
    "unused-text-encoder", "A text encoder reads the prompt.", severity: .warning,
    explanation: """
      A text encoder beside a denoiser whose prompt does not go through it is memory for nothing,
      and its parameters never learn.
      """,
    failing: "  label: {classes: 10, dropout: 0.1}",
    fixed: "  prompt: {embedding: text_encoder, dropout: 0.1}")
}

extension SpecDecoder {
  mutating func checkTextEncoderIsUsed(_ spec: ModelSpec, _ denoiser: Denoiser) {
    guard spec.textEncoder != nil, isValid("conditioning.prompt"), isValid("blocks"),
      denoiser.conditioning.prompt?.embedding != .textEncoder
    else { return }
    warn(
      SpecRules.unusedTextEncoder, "no prompt goes through the text encoder",
      help: "add `prompt: {embedding: text_encoder}` to `conditioning`, or remove `text_encoder`",
      at: "text_encoder", related: [("conditioning.prompt", "the prompt is set here")])
  }
}
