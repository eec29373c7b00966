/// The layers of the autoencoder TAESD (github.com/madebyollin/taesd), as `AutoencoderTiny` of
/// diffusers computes them.
package struct TinyLayers: Sendable, Hashable {
  /// The width of every layer.
  package var channels: Int
  /// The residual blocks of each level of the encoder, from the pictures on; every further level
  /// halves rows and columns.
  package var encoderBlocks: [Int]
  /// The residual blocks of each level of the decoder, from the latent on.
  package var decoderBlocks: [Int]

  /// Layers of one width.
  package init(channels: Int, encoderBlocks: [Int], decoderBlocks: [Int]) {
    self.channels = channels
    self.encoderBlocks = encoderBlocks
    self.decoderBlocks = decoderBlocks
  }

  /// The rows and the columns of pixels of one position of the latent.
  var factor: Int { 1 << max(0, decoderBlocks.count - 1) }

  /// A layer of the sequence.
  package struct Layer: Sendable, Hashable {
    /// What a layer does.
    package enum Kind: Sendable, Hashable {
      /// A convolution of 3 x 3 pixels with a margin of one.
      case convolution(from: Int, to: Int, stride: Int, hasBias: Bool)
      /// `relu(x + convolutions(x))`: three convolutions, the activation between them.
      case block(Int)
      /// The activation alone.
      case activation
      /// Every pixel twice along rows and columns.
      case upsample
    }

    /// What it does.
    package var kind: Kind
    /// Where its parameters are, as in `autoencoder.encoder.layers.3`; layers without parameters
    /// are counted too.
    package var name: String
  }

  /// The encoder's layers in order.
  package func encoder(from channels: Int, to latent: Int) -> [Layer] {
    var kinds: [Layer.Kind] = []
    for (level, count) in encoderBlocks.enumerated() {
      kinds.append(
        level == 0
          ? .convolution(from: channels, to: self.channels, stride: 1, hasBias: true)
          : .convolution(from: self.channels, to: self.channels, stride: 2, hasBias: false))
      kinds += Array(repeating: .block(self.channels), count: count)
    }
    kinds.append(.convolution(from: self.channels, to: latent, stride: 1, hasBias: true))
    return Self.layers(kinds, of: "encoder")
  }

  /// The decoder's layers in order.
  package func decoder(from latent: Int, to channels: Int) -> [Layer] {
    var kinds: [Layer.Kind] = [
      .convolution(from: latent, to: self.channels, stride: 1, hasBias: true), .activation,
    ]
    for (level, count) in decoderBlocks.enumerated() {
      kinds += Array(repeating: .block(self.channels), count: count)
      let isLast = level + 1 == decoderBlocks.count
      if !isLast { kinds.append(.upsample) }
      kinds.append(
        .convolution(
          from: self.channels, to: isLast ? channels : self.channels, stride: 1, hasBias: isLast))
    }
    return Self.layers(kinds, of: "decoder")
  }

  private static func layers(_ kinds: [Layer.Kind], of part: String) -> [Layer] {
    kinds.enumerated().map { Layer(kind: $1, name: "autoencoder.\(part).layers.\($0)") }
  }
}
