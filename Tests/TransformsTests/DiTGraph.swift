import GraphIR
import Tensors

/// A step of a diffusion transformer with adaLN-zero blocks, in the primitives of lowering.
///
/// - Source: Peebles and Xie, Scalable Diffusion Models with Transformers (arXiv 2212.09748).
struct DiTGraph: Sendable {
  /// Samples run together.
  var batch = 2
  /// Channels of the latent `[batch, channels, rows * patch, columns * patch]`.
  var channels = 3
  /// Rows and columns of patches.
  var rows = 2
  var columns = 3
  /// Rows and columns of a patch.
  var patch = 2
  /// Width of one attention head; the width of all is a multiple of 4.
  var headWidth = 4
  var heads = 2
  var depth = 2
  var isGuided = false
  /// Whether the condition comes from an embedding of the timestep.
  var isTimed = false
  /// Whether attention has a value layer and a projection.
  var hasValue = true
  var hasProjection = true
  var activation = UnaryOp.geluTanh
  /// Whether the modulation is `1 + scale`.
  var addsOne = true
  var hasNorm = true
  var hasGate = true

  private var width: Int { headWidth * heads }
  private var tokens: Int { rows * columns }
  /// Tokens of both halves when guided.
  private var sequences: Int { isGuided ? 2 * batch : batch }

  /// The graph: state `latent`, input `condition` `[sequences, width]`, and with `isTimed` input
  /// `frequencies` `[2 steps, 1, 4]`.
  func build() throws(GraphError) -> Graph {
    var b = GraphBuilder(name: "step")
    let latent = b.source(
      .state("latent"), .f32([batch, channels, rows * patch, columns * patch]))
    b.origin = Origin("conditioning")
    var condition = b.input("condition", .f32([sequences, width]))
    if isTimed {
      let timestep = try b.append(.stepRow, [b.input("frequencies", .f32([2, 1, 4]))])
      let hidden = try b.unary(.silu, linear(&b, timestep, "timestep.0", width))
      condition = try b.add(linear(&b, hidden, "timestep.1", width), condition)
    }
    var x = try embedded(&b, latent)
    if isGuided { x = try b.concat([x, x], axis: 0) }
    for block in 0..<depth { x = try self.block(&b, x, condition, block) }
    b.origin = Origin("final_layer")
    let prediction = try unpatchified(&b, try finalLayer(&b, x, condition))
    let updated = try update(&b, latent, prediction)
    b.output("latent", updated, isState: true)
    return b.graph
  }

  private func linear(
    _ b: inout GraphBuilder, _ x: ValueID, _ name: String, _ n: Int
  ) throws(GraphError) -> ValueID {
    let weight = b.parameter("\(name).weight", [n, b.shape(x)[-1]])
    let bias = b.parameter("\(name).bias", [n])
    return try b.add(b.matmul(x, weight, transposeB: true), bias)
  }

  private func embedded(
    _ b: inout GraphBuilder, _ latent: ValueID
  ) throws(GraphError) -> ValueID {
    b.origin = Origin("patch_embedding")
    let split = try b.reshape(latent, [batch, channels, rows, patch, columns, patch])
    let permuted = try b.permute(split, [0, 2, 4, 1, 3, 5])
    let patches = try b.reshape(permuted, [batch, tokens, channels * patch * patch])
    let embedding = try linear(&b, patches, "patch_embedding", width)
    b.origin = Origin("position")
    let half = SincosTable.Part(axis: 0, width: width / 2)
    let table = SincosTable(
      grid: [rows, columns], parts: [half, SincosTable.Part(axis: 1, width: width / 2)])
    return try b.add(embedding, b.table(.sincos(table)))
  }

  private func vectors(
    _ b: inout GraphBuilder, _ condition: ValueID, _ name: String, _ count: Int
  ) throws(GraphError) -> [ValueID] {
    let all = try linear(&b, try b.unary(.silu, condition), name, count * width)
    var result: [ValueID] = []
    for index in 0..<count {
      let piece = try b.slice(all, axis: 1, start: index * width, count: width)
      result.append(try b.reshape(piece, [sequences, 1, width]))
    }
    return result
  }

  private func modulated(
    _ b: inout GraphBuilder, _ x: ValueID, shift: ValueID, scale: ValueID
  ) throws(GraphError) -> ValueID {
    let normed = hasNorm ? try b.append(.layerNorm(epsilon: 1e-2), [x]) : x
    let factor = addsOne ? try b.add(scale, b.scalar(1)) : scale
    return try b.add(b.multiply(normed, factor), shift)
  }

  private func block(
    _ b: inout GraphBuilder, _ input: ValueID, _ condition: ValueID, _ block: Int
  ) throws(GraphError) -> ValueID {
    let name = "blocks.\(block)"
    b.origin = Origin("conditioning.modulation", block: block)
    let v = try vectors(&b, condition, "\(name).modulation", 6)
    b.origin = Origin("blocks[0].sublayers[0]", block: block)
    var x = input
    var y = try attention(
      &b, try modulated(&b, x, shift: v[0], scale: v[1]), "\(name).attention")
    if hasGate { y = try b.multiply(v[2], y) }
    x = try b.add(x, y)
    b.origin = Origin("blocks[0].sublayers[1]", block: block)
    let modulated = try modulated(&b, x, shift: v[3], scale: v[4])
    let hidden = try b.unary(activation, linear(&b, modulated, "\(name).up", 2 * width))
    y = try linear(&b, hidden, "\(name).down", width)
    if hasGate { y = try b.multiply(v[5], y) }
    return try b.add(x, y)
  }

  private func attention(
    _ b: inout GraphBuilder, _ x: ValueID, _ name: String
  ) throws(GraphError) -> ValueID {
    func split(_ b: inout GraphBuilder, _ y: ValueID) throws(GraphError) -> ValueID {
      try b.permute(b.reshape(y, [sequences, tokens, heads, headWidth]), [0, 2, 1, 3])
    }
    let query = try split(&b, linear(&b, x, "\(name).query", width))
    let key = try split(&b, linear(&b, x, "\(name).key", width))
    let value = try split(&b, hasValue ? linear(&b, x, "\(name).value", width) : x)
    let scores = try b.multiply(
      b.matmul(query, key, transposeB: true), b.scalar(1 / Double(headWidth).squareRoot()))
    let pooled = try b.matmul(b.append(.softmax, [scores]), value)
    let joined = try b.reshape(b.permute(pooled, [0, 2, 1, 3]), [sequences, tokens, width])
    return hasProjection ? try linear(&b, joined, "\(name).projection", width) : joined
  }

  private func finalLayer(
    _ b: inout GraphBuilder, _ x: ValueID, _ condition: ValueID
  ) throws(GraphError) -> ValueID {
    let v = try vectors(&b, condition, "final_layer.modulation", 2)
    let modulated = try modulated(&b, x, shift: v[0], scale: v[1])
    return try linear(&b, modulated, "final_layer", channels * patch * patch)
  }

  private func unpatchified(
    _ b: inout GraphBuilder, _ patches: ValueID
  ) throws(GraphError) -> ValueID {
    let split = try b.reshape(patches, [sequences, rows, columns, channels, patch, patch])
    let permuted = try b.permute(split, [0, 3, 1, 4, 2, 5])
    return try b.reshape(permuted, [sequences, channels, rows * patch, columns * patch])
  }

  /// Guidance, and `a latent + b prediction` with a row of coefficients per step.
  private func update(
    _ b: inout GraphBuilder, _ latent: ValueID, _ prediction: ValueID
  ) throws(GraphError) -> ValueID {
    var prediction = prediction
    if isGuided {
      b.origin = Origin("diffusion.guidance")
      let conditional = try b.slice(prediction, axis: 0, start: 0, count: batch)
      let unconditional = try b.slice(prediction, axis: 0, start: batch, count: batch)
      let difference = try b.subtract(conditional, unconditional)
      prediction = try b.add(unconditional, b.multiply(difference, b.scalar(4)))
    }
    b.origin = Origin("diffusion.sampler")
    let a = try b.append(.stepRow, [b.constant(Tensor([2], [0.75, 0.5]))])
    let c = try b.append(.stepRow, [b.constant(Tensor([2], [-0.5, 0.25]))])
    return try b.add(b.multiply(latent, a), b.multiply(prediction, c))
  }
}
