import Diagnostics

extension SpecRules {
  package static let autoencoderLevels = rule(
    "autoencoder-levels", "The encoder and the decoder of an autoencoder have as many levels.",
    explanation: """
      Every level after the first halves rows and columns in the encoder, and doubles them in the
      decoder. With another number of levels a decoded picture would have another size than the
      one that was encoded.
      """,
    failing: "  decoder_blocks: [3, 3, 1]",
    fixed: "  decoder_blocks: [3, 3, 3, 1]")
}

extension SpecDecoder {
  mutating func checkLevels(_ layers: TinyLayers) {
    let (encoder, decoder) = ("autoencoder.encoder_blocks", "autoencoder.decoder_blocks")
    let (down, up) = (layers.encoderBlocks.count, layers.decoderBlocks.count)
    guard isValid(encoder), isValid(decoder), down != up else { return }
    report(
      SpecRules.autoencoderLevels,
      "decoder_blocks has \(up) level\(up == 1 ? "" : "s"), and encoder_blocks \(down)",
      help: "write \(down) numbers", at: decoder,
      related: [(encoder, "the encoder's levels are set here")])
  }
}
