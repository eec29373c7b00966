import GraphIR
import ModelSpec
import Tensors

/// Layers over pictures `[batch, channels, height, width]`.
extension LoweringContext {
  /// A convolution with the parameters `name.weight` and, where it is declared, `name.bias`.
  mutating func convolution(
    _ name: String, _ x: ValueID, _ window: Convolution, hasBias: Bool = true
  ) throws(GraphError) -> ValueID {
    var operands = [x, try parameter(name + ".weight")]
    if hasBias { operands.append(try parameter(name + ".bias")) }
    return try builder.append(.convolution(window), operands)
  }

  /// A group norm with a learned scale and shift per channel: `name.weight` and `name.bias`.
  mutating func groupNorm(
    _ name: String, _ x: ValueID, groups: Int, epsilon: Double
  ) throws(GraphError) -> ValueID {
    let channels = builder.shape(x)[1]
    let normed = try builder.append(.groupNorm(groups: groups, epsilon: epsilon), [x])
    let scale = try builder.reshape(parameter(name + ".weight"), [channels, 1, 1])
    let shift = try builder.reshape(parameter(name + ".bias"), [channels, 1, 1])
    return try builder.add(builder.multiply(normed, scale), shift)
  }

  /// Runs a body over the single pictures of videos `[batch, channels, frames, height, width]`, or
  /// over pictures as they are.
  mutating func perPicture(
    _ x: ValueID, _ body: (inout LoweringContext, ValueID) throws(GraphError) -> ValueID
  ) throws(GraphError) -> ValueID {
    let shape = builder.shape(x)
    guard shape.rank == 5 else { return try body(&self, x) }
    let pictures = try builder.reshape(
      builder.permute(x, [0, 2, 1, 3, 4]), [shape[0] * shape[2], shape[1], shape[3], shape[4]])
    let result = try body(&self, pictures)
    let extents = Array(builder.shape(result).dimensions.dropFirst())
    let videos = try builder.reshape(result, [shape[0], shape[2]] + extents)
    return try builder.permute(videos, [0, 2, 1, 3, 4])
  }
}

extension Convolution {
  /// Of 3 x 3 pixels with a margin of one: the result is as large as the picture.
  static let same = Convolution(padding: [1, 1, 1, 1])
  /// Of one pixel.
  static let single = Convolution()
}
