import GraphIR
import Tensors

/// The worked example as a graph, tokens as columns: encoder, modulation, attention with a given
/// map, feed-forward, loss, denoising and decoder.
struct ByHandExample {
  let graph: Graph
  let inputs: [String: Tensor]
  let parameters: [String: Tensor]

  /// The four tensors that are learnt.
  static let learnable = [
    "feed_forward.weight", "feed_forward.bias", "modulation.weight", "modulation.bias",
  ]

  /// - Parameter corrected: Whether the third element of the modulation is 1 instead of -1.
  init(corrected: Bool = false) throws {
    inputs = [
      "patches": Tensor([4, 4], [0, 1, 1, 2, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 2]),
      "noise": Tensor([2, 4], [1, -1, 1, -1, 1, -1, 0, 0]),
      "condition": Tensor([5], [0, 1, -1, 1, 1]),
    ]
    parameters = [
      "encoder.weight": Tensor([2, 4], [1, 0, -1, 0, 0, 1, 0, 1]),
      "encoder.bias": Tensor([2], [0, 1]),
      "modulation.weight": Tensor(
        [4, 5], [1, 0, 0, 1, 0, 0, -1, 1, 0, 1, 0, 0, 1, -1, 0, 0, 1, -1, 1, 0]),
      "modulation.bias": Tensor([4], corrected ? [1, 0, 3, 2] : [1, 0, 1, 2]),
      "attention.map": Tensor([4, 4], [1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1]),
      "feed_forward.weight": Tensor([2, 2], [-1, 1, -1, 0]),
      "feed_forward.bias": Tensor([2], [-2, 2]),
      "decoder.weight": Tensor([4, 2], [1, 0, -1, 1, -1, 0, 1, 0]),
      "decoder.bias": Tensor([4], [0, -1, 1, 0]),
    ]
    var builder = GraphBuilder(name: "by-hand")
    let patches = builder.input("patches", .f32([4, 4]))
    let noise = builder.input("noise", .f32([2, 4]))
    let condition = builder.input("condition", .f32([5]))

    let encoded = try Self.layer("encoder", patches, out: 2, &builder)
    let latent = try builder.unary(.relu, encoded)
    let noised = try builder.add(latent, noise)
    let modulation = try Self.layer(
      "modulation", builder.reshape(condition, [5, 1]), out: 4, &builder)
    let scale = try builder.slice(modulation, axis: 0, start: 0, count: 2)
    let shift = try builder.slice(modulation, axis: 0, start: 2, count: 2)
    let conditioned = try builder.add(builder.multiply(scale, noised), shift)
    let pooled = try builder.matmul(conditioned, builder.parameter("attention.map", [4, 4]))
    let predicted = try Self.layer("feed_forward", pooled, out: 2, &builder)
    let difference = try builder.subtract(predicted, noise)
    let loss = try builder.append(
      .reduce(.mean, axes: [0, 1]), [builder.multiply(difference, difference)])
    let denoised = try builder.subtract(noised, predicted)
    let pixels = try builder.unary(.relu, Self.layer("decoder", denoised, out: 4, &builder))

    let outputs = [
      ("encoded", encoded), ("latent", latent), ("noised", noised), ("modulation", modulation),
      ("conditioned", conditioned), ("pooled", pooled), ("predicted", predicted),
      ("difference", difference), ("loss", loss), ("denoised", denoised), ("pixels", pixels),
    ]
    for (name, value) in outputs { builder.output(name, value) }
    graph = builder.graph
  }

  /// `W x + b`, the bias added to every column.
  private static func layer(
    _ name: String, _ x: ValueID, out: Int, _ builder: inout GraphBuilder
  ) throws -> ValueID {
    let weight = builder.parameter("\(name).weight", [out, builder.shape(x)[0]])
    let bias = builder.parameter("\(name).bias", [out])
    return try builder.add(builder.matmul(weight, x), builder.reshape(bias, [out, 1]))
  }
}
