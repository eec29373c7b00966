import GraphIR
import ModelSpec
import Tensors

extension LoweringContext {
  /// What the text encoder makes of each word.
  ///
  /// - Returns: `[rows, length, width]`, where guided the unconditional half last; nil where no
  ///   prompt goes through an encoder.
  mutating func encodeText(_ inputs: ConditionInputs) throws(GraphError) -> ValueID? {
    guard let encoder = spec.promptEncoder, let ids = inputs.textIDs,
      let prompt = spec.denoiser?.conditioning.prompt
    else { return nil }
    return try at("text_encoder") { context throws(GraphError) in
      let table = try context.parameter("text_encoder.words.weight")
      let rows = try context.builder.append(.gather, [table, ids])
      let size = prompt.length * prompt.width
      let null = [Int](repeating: prompt.paddingID, count: prompt.length)
      let words = try context.guided(
        context.builder.reshape(rows, [context.batch, size]), table,
        null: prompt.dropout > 0 ? null : nil, inputs)
      let rowCount = context.builder.shape(words)[0]
      let embedded = try context.builder.reshape(words, [rowCount, prompt.length, prompt.width])
      context.probe(.embed, "words", embedded, .tokens)
      let text = try context.encode(
        context.builder.add(embedded, context.parameter("text_encoder.positions.weight")), encoder)
      context.probe(.embed, "text", text, .tokens)
      return text
    }
  }

  /// The blocks and the last norm.
  private mutating func encode(
    _ words: ValueID, _ encoder: TextEncoder
  ) throws(GraphError) -> ValueID {
    let norm = Op.layerNorm(epsilon: encoder.normEpsilon)
    let probeCount = probes.count
    var words = words
    for block in 0..<encoder.depth {
      let name = "text_encoder.blocks.\(block)."
      let read = try attention(
        encoder.attention, builder.append(norm, [words]), name: name + "attention")
      words = try builder.add(words, read)
      let change = try feedForward(
        encoder.feedForward, builder.append(norm, [words]), name: name + "feed_forward")
      words = try builder.add(words, change)
    }
    // A trace shows the attention of the denoiser alone.
    probes.removeSubrange(probeCount...)
    return try builder.append(norm, [words])
  }

  /// The mean over the words, and with `combine: sum` a linear function of it.
  ///
  /// - Returns: `[rows, width]`; nil where nothing is modulated.
  mutating func textVector(
    combine: Conditioning.Combination
  ) throws(GraphError) -> ValueID? {
    guard let text, spec.denoiser?.isModulated == true else { return nil }
    let mean = try builder.append(.reduce(.mean, axes: [1]), [text])
    probe(.embed, "mean_word", mean, .vector)
    return combine == .sum ? try linear("conditioning.prompt.projection", mean) : mean
  }
}
