import GraphIR
import ModelSpec
import Tensors

extension LoweringContext {
  /// Each token on its own.
  ///
  /// - Parameter x: `[batch, tokens, width]`; the result has the same shape.
  mutating func feedForward(
    _ feedForward: FeedForward, _ x: ValueID, name: String
  ) throws(GraphError) -> ValueID {
    let result: ValueID
    var equation: [Probe.Term] = []
    switch feedForward.layers {
    case .linear:
      equation = try probeParameters(.feedForward, of: name, x, .tokens)
      result = try linear(name, x)
    case .mlp(_, let activation):
      let hidden = try activate(activation, linear(name + ".input", x))
      result = try linear(name + ".output", hidden)
    }
    probe(.feedForward, "feed_forward", result, .tokens, equation)
    return result
  }
}
