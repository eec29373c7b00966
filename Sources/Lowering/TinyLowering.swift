import GraphIR
import ModelSpec
import Tensors

/// The autoencoder TAESD.
///
/// - Source: github.com/madebyollin/taesd, and `AutoencoderTiny` of diffusers.
extension LoweringContext {
  /// Pictures to latents; the layers see pixels from 0 to 1.
  mutating func encode(
    _ pictures: ValueID, _ layers: TinyLayers, _ autoencoder: Autoencoder, _ space: PixelSpace
  ) throws(GraphError) -> ValueID {
    let low = space.range.lowerBound
    let lifted = try builder.add(pictures, builder.scalar(-low))
    let unit = try builder.binary(.divide, lifted, builder.scalar(space.range.upperBound - low))
    return try run(
      layers.encoder(from: space.channels, to: autoencoder.latentChannels), unit,
      autoencoder.activation, .encode)
  }

  /// Latents to pictures; the layers see latents from -3 to 3.
  mutating func decode(
    _ latents: ValueID, _ layers: TinyLayers, _ autoencoder: Autoencoder, _ space: PixelSpace
  ) throws(GraphError) -> ValueID {
    let three = builder.scalar(3)
    let bounded = try builder.multiply(
      builder.unary(.tanh, builder.binary(.divide, latents, three)), three)
    let unit = try run(
      layers.decoder(from: autoencoder.latentChannels, to: space.channels), bounded,
      autoencoder.activation, .decode)
    let low = space.range.lowerBound
    let scaled = try builder.multiply(unit, builder.scalar(space.range.upperBound - low))
    return try builder.add(scaled, builder.scalar(low))
  }

  private mutating func run(
    _ layers: [TinyLayers.Layer], _ x: ValueID, _ activation: Activation, _ role: Role
  ) throws(GraphError) -> ValueID {
    var x = x
    for (index, layer) in layers.enumerated() {
      switch layer.kind {
      case .convolution(_, _, let stride, let hasBias):
        let window = Convolution(stride: [stride, stride], padding: [1, 1, 1, 1])
        x = try convolution(layer.name, x, window, hasBias: hasBias)
      case .block: x = try block(layer.name, x, activation)
      case .activation: x = try activate(activation, x)
      case .upsample: x = try builder.append(.upsample(factor: 2), [x])
      }
      probe(role, "layer_\(index)", x, .positions)
    }
    return x
  }

  /// `relu(convolutions(x) + x)`.
  private mutating func block(
    _ name: String, _ x: ValueID, _ activation: Activation
  ) throws(GraphError) -> ValueID {
    var y = try activate(activation, convolution(name + ".convolution_1", x, .same))
    y = try activate(activation, convolution(name + ".convolution_2", y, .same))
    y = try convolution(name + ".convolution_3", y, .same)
    return try builder.unary(.relu, builder.add(y, x))
  }
}
