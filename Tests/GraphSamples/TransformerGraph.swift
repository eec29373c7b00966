import GraphIR
import Tensors

/// A diffusion transformer of adaLN-zero blocks, in primitives or in fused ops.
package struct TransformerGraph: Sendable {
  /// Samples run together.
  package var batch = 2
  /// Tokens per sample.
  package var tokens = 64
  /// Width of a token.
  package var width = 96
  /// Attention heads.
  package var heads = 4
  /// Blocks.
  package var depth = 3
  /// Channels of the latent that the state holds, `[batch, tokens, channels]`.
  package var channels = 8
  /// Steps in the table of modulations.
  package var steps = 5

  /// A transformer of the default sizes.
  package init() {}

  /// The step graph: it reads the latent `latent`, a state, and writes its next value.
  package func build(fused: Bool) throws(GraphError) -> Graph {
    var b = GraphBuilder(name: "step")
    let latent = b.source(.state("latent"), .f32([batch, tokens, channels]))
    let modulations = b.input("modulations", .f32([steps, batch, 6 * depth * width]))
    let row = try b.append(.stepRow, [modulations])
    var x = try linear(&b, latent, "embed", width, fused: fused)
    for block in 0..<depth {
      func modulation(_ b: inout GraphBuilder, _ part: Int) throws(GraphError) -> ValueID {
        let start = (block * 6 + part) * width
        let piece = try b.slice(row, axis: 1, start: start, count: width)
        return try b.reshape(piece, [batch, 1, width])
      }
      let name = "blocks.\(block)"
      let shift = try modulation(&b, 0)
      let scale = try modulation(&b, 1)
      let gate = try modulation(&b, 2)
      let normed = try modulated(&b, x, scale, shift, fused: fused)
      let attended = try attention(&b, normed, name, fused: fused)
      x = try projected(
        &b, attended, "\(name).projection", gate: gate, residual: x, fused: fused)
      let shift2 = try modulation(&b, 3)
      let scale2 = try modulation(&b, 4)
      let gate2 = try modulation(&b, 5)
      let normed2 = try modulated(&b, x, scale2, shift2, fused: fused)
      let hidden = try linear(
        &b, normed2, "\(name).up", 4 * width, activation: .geluTanh, fused: fused)
      x = try projected(&b, hidden, "\(name).down", gate: gate2, residual: x, fused: fused)
    }
    let last = try b.append(.layerNorm(epsilon: 1e-6), [x])
    let noise = try linear(&b, last, "final", channels, fused: fused)
    let small = try b.multiply(noise, b.scalar(0.1))
    b.output("latent", try b.subtract(latent, small), isState: true)
    return b.graph
  }

  private func modulated(
    _ b: inout GraphBuilder, _ x: ValueID, _ scale: ValueID, _ shift: ValueID, fused: Bool
  ) throws(GraphError) -> ValueID {
    if fused { return try b.append(.normAffine(epsilon: 1e-6), [x, scale, shift]) }
    let normed = try b.append(.layerNorm(epsilon: 1e-6), [x])
    return try b.add(b.multiply(normed, scale), shift)
  }

  private func linear(
    _ b: inout GraphBuilder, _ x: ValueID, _ name: String, _ n: Int,
    activation: UnaryOp? = nil, fused: Bool
  ) throws(GraphError) -> ValueID {
    let weight = b.parameter("\(name).weight", [n, b.shape(x)[-1]])
    let bias = b.parameter("\(name).bias", [n])
    if fused {
      let epilogue = LinearEpilogue(bias: true, activation: activation)
      return try b.append(.linear(epilogue), [x, weight, bias])
    }
    let sum = try b.add(b.matmul(x, weight, transposeB: true), bias)
    guard let activation else { return sum }
    return try b.unary(activation, sum)
  }

  private func projected(
    _ b: inout GraphBuilder, _ x: ValueID, _ name: String, gate: ValueID, residual: ValueID,
    fused: Bool
  ) throws(GraphError) -> ValueID {
    if !fused {
      let product = try linear(&b, x, name, width, fused: false)
      return try b.add(residual, b.multiply(gate, product))
    }
    let weight = b.parameter("\(name).weight", [width, b.shape(x)[-1]])
    let bias = b.parameter("\(name).bias", [width])
    let epilogue = LinearEpilogue(bias: true, gate: true, residual: true)
    return try b.append(.linear(epilogue), [x, weight, bias, gate, residual])
  }

  private func attention(
    _ b: inout GraphBuilder, _ x: ValueID, _ name: String, fused: Bool
  ) throws(GraphError) -> ValueID {
    let scale = 1 / Double(width / heads).squareRoot()
    if fused {
      let parts = ["q", "k", "v"]
      let weight = b.source(
        .parameter(parts.map { "\(name).\($0).weight" }), .f32([3 * width, width]))
      let bias = b.source(.parameter(parts.map { "\(name).\($0).bias" }), .f32([3 * width]))
      let qkv = try b.append(.linear(LinearEpilogue(bias: true)), [x, weight, bias])
      return try b.append(.attention(heads: heads, scale: scale), [qkv])
    }
    func perHead(_ b: inout GraphBuilder, _ part: String) throws(GraphError) -> ValueID {
      let y = try linear(&b, x, "\(name).\(part)", width, fused: false)
      let split = try b.reshape(y, [batch, tokens, heads, width / heads])
      return try b.permute(split, [0, 2, 1, 3])
    }
    let q = try perHead(&b, "q")
    let k = try perHead(&b, "k")
    let v = try perHead(&b, "v")
    let scores = try b.multiply(b.matmul(q, k, transposeB: true), b.scalar(scale))
    let mixed = try b.matmul(b.append(.softmax, [scores]), v)
    return try b.reshape(b.permute(mixed, [0, 2, 1, 3]), [batch, tokens, width])
  }
}
