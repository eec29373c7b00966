import GraphIR
import Reference
import Tensors

/// The worked example of thirteen steps as lowering emits it, tokens as rows, and its numbers.
///
/// - Source: Yeh, AI by Hand, Sora's diffusion transformer, as told by Dey (2024); the values that
///   they leave open are the project's own.
enum LoweredByHand {
  /// Outputs: the predicted noise, the denoised latent and the pixels of each frame.
  static func build() throws(GraphError) -> Graph {
    var b = GraphBuilder(name: "by-hand")
    b.origin = Origin("video")
    let video = b.input("video", .f32([1, 1, 4, 2, 2]))
    b.origin = Origin("autoencoder.encoder")
    let split = try b.reshape(video, [1, 1, 4, 1, 1, 2, 1, 2])
    let permuted = try b.permute(split, [0, 2, 4, 6, 1, 3, 5, 7])
    let patches = try b.reshape(permuted, [1, 4, 4])
    let encoded = try b.unary(.relu, linear(&b, patches, "encoder", 2))
    b.origin = Origin("diffusion")
    let noised = try b.add(encoded, b.input("noise", .f32([1, 4, 2])))
    b.origin = Origin("conditioning")
    let condition = b.input("condition", .f32([1, 5]))
    b.origin = Origin("conditioning.modulation", block: 0)
    let vectors = try linear(&b, condition, "modulation", 4)
    let scale = try b.reshape(b.slice(vectors, axis: 1, start: 0, count: 2), [1, 1, 2])
    let shift = try b.reshape(b.slice(vectors, axis: 1, start: 2, count: 2), [1, 1, 2])
    b.origin = Origin("blocks[0].sublayers[0]", block: 0)
    let conditioned = try b.add(b.multiply(noised, scale), shift)
    let pooled = try b.matmul(b.parameter("map", [4, 4]), conditioned, transposeA: true)
    b.origin = Origin("blocks[0].sublayers[1]", block: 0)
    let predicted = try linear(&b, pooled, "feed_forward", 2)
    b.output("predicted_noise", predicted)
    b.origin = Origin("diffusion")
    let denoised = try b.subtract(noised, predicted)
    b.output("denoised_latent", denoised)
    b.origin = Origin("autoencoder.decoder")
    b.output("pixels", try b.unary(.relu, linear(&b, denoised, "decoder", 4)))
    return b.graph
  }

  private static func linear(
    _ b: inout GraphBuilder, _ x: ValueID, _ name: String, _ n: Int
  ) throws(GraphError) -> ValueID {
    let weight = b.parameter("\(name).weight", [n, b.shape(x)[-1]])
    let bias = b.parameter("\(name).bias", [n])
    return try b.add(b.matmul(x, weight, transposeB: true), bias)
  }

  /// The example's values.
  static let bindings = Evaluator.Bindings(
    inputs: [
      "video": Tensor([1, 1, 4, 2, 2], [0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 2, 0, 0, 2]),
      "noise": Tensor([1, 4, 2], [1, 1, -1, -1, 1, 0, -1, 0]),
      "condition": Tensor([1, 5], [0, 1, -1, 1, 1]),
    ],
    parameters: [
      "encoder.weight": Tensor([2, 4], [1, 0, -1, 0, 0, 1, 0, 1]),
      "encoder.bias": Tensor([2], [0, 1]),
      "modulation.weight": Tensor(
        [4, 5], [1, 0, 0, 1, 0, 0, -1, 1, 0, 1, 0, 0, 1, -1, 0, 0, 1, -1, 1, 0]),
      "modulation.bias": Tensor([4], [1, 0, 1, 2]),
      "map": Tensor([4, 4], [1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1]),
      "feed_forward.weight": Tensor([2, 2], [-1, 1, -1, 0]),
      "feed_forward.bias": Tensor([2], [-2, 2]),
      "decoder.weight": Tensor([4, 2], [1, 0, -1, 1, -1, 0, 1, 0]),
      "decoder.bias": Tensor([4], [0, -1, 1, 0]),
    ])

  /// What the example gives, worked by hand.
  static let results: [String: [Double]] = [
    "predicted_noise": [0, 0, -2, -2, 2, 0, -1, 1],
    "denoised_latent": [1, 3, 2, 3, 0, 3, 2, 2],
    "pixels": [1, 1, 0, 1, 2, 0, 0, 2, 0, 2, 1, 0, 2, 0, 0, 2],
  ]
}
