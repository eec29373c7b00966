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
      pooled = try pool(value, query: query, key: key, "attention")
    }
    probe(.pool, "pooled", pooled, .tokens, equation)
    return attention.projection == .linear ? try linear(name + ".projection", pooled) : pooled
  }

  /// Tokens read the words that the text encoder gives.
  ///
  /// - Parameter x: `[rows, tokens, width]`; the result has the same shape.
  /// - Throws: `GraphError` when the spec has no text encoder.
  mutating func crossAttention(
    _ attention: CrossAttention, _ x: ValueID, name: String
  ) throws(GraphError) -> ValueID {
    guard let text else {
      throw GraphError("cross-attention has no words to read", origin: builder.origin)
    }
    let query = try heads(linear(name + ".query", x), attention.heads)
    let key = try heads(linear(name + ".key", text), attention.heads)
    let value = try heads(linear(name + ".value", text), attention.heads)
    let pooled = try pool(value, query: query, key: key, "word_attention")
    probe(.pool, "pooled_words", pooled, .tokens)
    return try linear(name + ".projection", pooled)
  }

  /// `softmax(query keyᵀ / √width) value` of heads: queries `[batch, heads, tokens, width]`, keys and
  /// values `[batch, heads, tokens that are read, width]`.
  ///
  /// - Parameter name: That of the attention matrix in traces.
  /// - Returns: `[batch, tokens, heads * width]`.
  private mutating func pool(
    _ value: ValueID, query: ValueID, key: ValueID, _ name: String
  ) throws(GraphError) -> ValueID {
    let width = builder.shape(query)[3]
    let scores = try builder.multiply(
      builder.matmul(query, key, transposeB: true),
      builder.scalar(1 / Double(width).squareRoot()))
    let map = try builder.append(.softmax, [scores])
    probe(.attention, name, map, .matrix)
    let merged = try builder.permute(builder.matmul(map, value), [0, 2, 1, 3])
    let shape = builder.shape(merged)
    return try builder.reshape(merged, [shape[0], shape[1], shape[2] * shape[3]])
  }

  /// `[batch, tokens, heads * width]` as `[batch, heads, tokens, width]`.
  private mutating func heads(_ x: ValueID, _ count: Int) throws(GraphError) -> ValueID {
    let shape = builder.shape(x)
    let split = try builder.reshape(x, [shape[0], shape[1], count, shape[2] / count])
    return try builder.permute(split, [0, 2, 1, 3])
  }
}
