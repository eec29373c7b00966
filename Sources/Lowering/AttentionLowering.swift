import GraphIR
import ModelSpec
import Tensors

extension LoweringContext {
  /// Tokens read one another.
  ///
  /// - Parameter x: `[batch, tokens, width]`; the result has the same shape.
  /// - Source: Vaswani et al., Attention Is All You Need (arXiv 1706.03762), section 3.2.
  mutating func attention(
    _ attention: SelfAttention, _ x: ValueID, name: String
  ) throws(GraphError) -> ValueID {
    let pooled: ValueID
    var equation: [Probe.Term] = []
    switch attention.map {
    case .given:
      let map = try parameter(name + ".map")
      probe(.attention, "attention", map, .matrix)
      let value = attention.value == .linear ? try linear(name + ".value", x) : x
      pooled = try builder.matmul(map, value, transposeA: true)
      equation = [.value(value, .tokens), .sign("·"), .value(map, .matrix)]
    case .computed:
      let query = try heads(linear(name + ".query", x), attention.heads)
      let key = try heads(linear(name + ".key", x), attention.heads)
      let value = try heads(
        attention.value == .linear ? linear(name + ".value", x) : x, attention.heads)
      let width = builder.shape(query)[3]
      let scores = try builder.multiply(
        builder.matmul(query, key, transposeB: true),
        builder.scalar(1 / Double(width).squareRoot()))
      let map = try builder.append(.softmax, [scores])
      probe(.attention, "attention", map, .matrix)
      let merged = try builder.permute(builder.matmul(map, value), [0, 2, 1, 3])
      pooled = try builder.reshape(merged, builder.shape(x).dimensions)
    }
    probe(.pool, "pooled", pooled, .tokens, equation)
    return attention.projection == .linear ? try linear(name + ".projection", pooled) : pooled
  }

  /// `[batch, tokens, heads * width]` as `[batch, heads, tokens, width]`.
  private mutating func heads(_ x: ValueID, _ count: Int) throws(GraphError) -> ValueID {
    let shape = builder.shape(x)
    let split = try builder.reshape(x, [shape[0], shape[1], count, shape[2] / count])
    return try builder.permute(split, [0, 2, 1, 3])
  }
}
