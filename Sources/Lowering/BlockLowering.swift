import GraphIR
import ModelSpec
import Tensors

/// The modulation of one place: each `[rows, 1, width]`; nil where the form has none.
struct ModulationVectors {
  var shift: ValueID?
  var scale: ValueID?
  var gate: ValueID?
}

extension LoweringContext {
  /// One block: its sublayers in order.
  ///
  /// - Parameters:
  ///   - x: `[batch, tokens, width]`.
  ///   - condition: `[rows, width]`, where something modulates.
  mutating func block(
    _ group: BlockGroup, path: String, _ x: ValueID, condition: ValueID?, prefix: String
  ) throws(GraphError) -> ValueID {
    let modulated = group.sublayers.count { $0.modulated }
    var vectors: [ModulationVectors] = []
    if modulated > 0, let condition, let modulation = spec.denoiser?.conditioning.modulation {
      vectors = try at("conditioning.modulation", block: builder.origin.block) {
        context throws(GraphError) in
        try context.modulationVectors(
          modulation.order, count: modulated, name: prefix + "modulation",
          activation: modulation.activation, condition)
      }
    }
    var tokens = x
    var place = 0
    for (index, sublayer) in group.sublayers.enumerated() {
      tokens = try at("\(path).sublayers[\(index)]", block: builder.origin.block) {
        context throws(GraphError) in
        let own = sublayer.modulated && place < vectors.count ? vectors[place] : nil
        if sublayer.modulated { place += 1 }
        return try context.sublayer(sublayer, tokens, own, name: prefix + sublayer.name)
      }
    }
    return tokens
  }

  /// `residual + gate(op(modulate(norm(x))))`, each piece optional.
  private mutating func sublayer(
    _ sublayer: Sublayer, _ x: ValueID, _ vectors: ModulationVectors?, name: String
  ) throws(GraphError) -> ValueID {
    var tokens = x
    if let norm = sublayer.norm {
      tokens = try builder.append(.layerNorm(epsilon: norm.epsilon), [tokens])
    }
    if let vectors { tokens = try modulate(tokens, vectors) }
    switch sublayer.operation {
    case .attention(let attention): tokens = try self.attention(attention, tokens, name: name)
    case .crossAttention(let attention):
      tokens = try crossAttention(attention, tokens, name: name)
    case .feedForward(let feedForward):
      tokens = try self.feedForward(feedForward, tokens, name: name)
    }
    if let gate = vectors?.gate { tokens = try builder.multiply(gate, tokens) }
    if sublayer.residual { tokens = try builder.add(x, tokens) }
    return tokens
  }

  /// The chunks of `linear(activation(condition))`, a set per modulated place.
  mutating func modulationVectors(
    _ order: [ModulationChunk], count: Int, name: String, activation: Activation,
    _ condition: ValueID
  ) throws(GraphError) -> [ModulationVectors] {
    let active = try activate(activation, condition)
    let equation = try probeParameters(.modulation, of: name, active, .column)
    let rows = try linear(name, active)
    probe(.modulation, "chunks", rows, .column, equation)
    let width = builder.shape(rows)[1] / (order.count * count)
    var result: [ModulationVectors] = []
    for place in 0..<count {
      var vectors = ModulationVectors()
      for (index, chunk) in order.enumerated() {
        let piece = try builder.slice(
          rows, axis: 1, start: (place * order.count + index) * width, count: width)
        let vector = try builder.reshape(piece, [builder.shape(rows)[0], 1, width])
        probe(.modulation, chunk.rawValue, vector, .vector)
        switch chunk {
        case .shift: vectors.shift = vector
        case .scale: vectors.scale = vector
        case .gate: vectors.gate = vector
        }
      }
      result.append(vectors)
    }
    return result
  }

  /// `x * scale + shift`, with `1 + scale` in the forms of adaptive layer norm.
  mutating func modulate(
    _ x: ValueID, _ vectors: ModulationVectors
  ) throws(GraphError) -> ValueID {
    guard let shift = vectors.shift, var scale = vectors.scale else { return x }
    switch spec.denoiser?.conditioning.modulation?.form {
    case .plain, nil: break
    case .adaln, .adalnZero: scale = try builder.add(scale, builder.scalar(1))
    }
    let result = try builder.add(builder.multiply(x, scale), shift)
    probe(
      .modulate, "conditioned_latent", result, .tokens,
      [
        .value(scale, .column), .sign("∘"), .value(x, .tokens), .sign("+"),
        .value(shift, .column),
      ])
    return result
  }
}
