import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing

/// Every fused op against the primitives that it equals, over random operands.
@Suite struct ReferenceFusedTests {
  /// Builds both forms over the same operands and compares them.
  private func expectSame(
    _ shapes: [[Int]], fused op: Op,
    primitives: (inout GraphBuilder, [ValueID]) throws -> ValueID
  ) throws {
    var random = SeededGenerator(seed: 11)
    let tensors = shapes.map { random.tensor($0) }
    let fused = try valueOf { builder in
      try builder.append(op, tensors.map { builder.constant($0) })
    }
    let plain = try valueOf { builder in
      try primitives(&builder, tensors.map { builder.constant($0) })
    }
    expectClose(fused, plain)
  }

  private func epilogue(
    _ epilogue: LinearEpilogue, _ product: ValueID, _ operands: ArraySlice<ValueID>,
    _ builder: inout GraphBuilder
  ) throws -> ValueID {
    var rest = operands
    var value = product
    if epilogue.bias { value = try builder.add(value, rest.removeFirst()) }
    if let activation = epilogue.activation { value = try builder.unary(activation, value) }
    if epilogue.gate { value = try builder.multiply(rest.removeFirst(), value) }
    if epilogue.residual { value = try builder.add(rest.removeFirst(), value) }
    return value
  }

  @Test(arguments: 0..<16, [[2, 1, 6], [1, 1, 6], [6]])
  func `linear equals matmul and its epilogue`(flags: Int, gateShape: [Int]) throws {
    let attributes = LinearEpilogue(
      bias: flags & 1 != 0, activation: flags & 2 != 0 ? .gelu : nil, gate: flags & 4 != 0,
      residual: flags & 8 != 0)
    var shapes = [[2, 3, 5], [6, 5]]
    if attributes.bias { shapes.append([6]) }
    if attributes.gate { shapes.append(gateShape) }
    if attributes.residual { shapes.append(gateShape == [6] ? [3, 6] : [2, 3, 6]) }
    try expectSame(shapes, fused: .linear(attributes)) { builder, operands in
      let product = try builder.matmul(operands[0], operands[1], transposeB: true)
      return try epilogue(attributes, product, operands[2...], &builder)
    }
  }

  @Test func `patch_linear equals linear over permuted patches`() throws {
    // [batch, channels, height, width] = [2, 3, 4, 6], patches of 2x3.
    let view = PatchView(
      split: [2, 3, 2, 2, 2, 3], order: [0, 2, 4, 1, 3, 5], rowAxisCount: 3, rows: [2, 4])
    let attributes = LinearEpilogue(bias: true, residual: true)
    try expectSame(
      [[2, 3, 4, 6], [5, 18], [5], [4, 5]], fused: .patchLinear(view, attributes)
    ) { builder, operands in
      var rows = try builder.reshape(operands[0], [2, 3, 2, 2, 2, 3])
      rows = try builder.reshape(builder.permute(rows, [0, 2, 4, 1, 3, 5]), [2, 4, 18])
      let product = try builder.matmul(rows, operands[1], transposeB: true)
      return try epilogue(attributes, product, operands[2...], &builder)
    }
  }

  @Test func `affine, norm_affine and gated_add equal their formulas`() throws {
    let shapes = [[2, 3, 5], [2, 1, 5], [5]]
    try expectSame(shapes, fused: .affine) { builder, operands in
      try builder.add(builder.multiply(operands[0], operands[1]), operands[2])
    }
    try expectSame(shapes, fused: .normAffine(epsilon: 0.01)) { builder, operands in
      let norm = try builder.append(.layerNorm(epsilon: 0.01), [operands[0]])
      return try builder.add(builder.multiply(norm, operands[1]), operands[2])
    }
    try expectSame([[2, 3, 5], [2, 1, 5], [2, 3, 5]], fused: .gatedAdd) { builder, operands in
      try builder.add(operands[0], builder.multiply(operands[1], operands[2]))
    }
  }

  @Test func `rms_norm_scale equals its formula`() throws {
    try expectSame(
      [[2, 3, 5], [2, 1, 5]], fused: .rmsNormScale(epsilon: 0.01)
    ) { builder, operands in
      let norm = try builder.append(.rmsNorm(epsilon: 0.01), [operands[0]])
      return try builder.multiply(norm, operands[1])
    }
  }

  @Test func `softmax_gradient equals its formula`() throws {
    try expectSame([[2, 3, 5], [2, 3, 5]], fused: .softmaxGradient) { builder, operands in
      let product = try builder.multiply(operands[1], operands[0])
      let sum = try builder.reshape(
        builder.append(.reduce(.sum, axes: [2]), [product]), [2, 3, 1])
      return try builder.multiply(operands[0], builder.subtract(operands[1], sum))
    }
  }

  @Test(arguments: [false, true], [false, true])
  func `norm_gradient equals its formula`(scale: Bool, residual: Bool) throws {
    let shapes =
      [[2, 3, 5], [2, 3, 5]] + (scale ? [[2, 1, 5]] : []) + (residual ? [[2, 3, 5]] : [])
    let op = Op.normGradient(epsilon: 0.0078125, scale: scale, residual: residual)
    try expectSame(shapes, fused: op) { builder, operands in
      func mean(_ x: ValueID, _ builder: inout GraphBuilder) throws -> ValueID {
        try builder.reshape(builder.append(.reduce(.mean, axes: [2]), [x]), [2, 3, 1])
      }
      let x = operands[0]
      let y = try builder.append(.layerNorm(epsilon: 0.0078125), [x])
      let g = scale ? try builder.multiply(operands[1], operands[2]) : operands[1]
      let centred = try builder.subtract(x, mean(x, &builder))
      let variance = try mean(builder.multiply(centred, centred), &builder)
      let deviation = try builder.unary(.sqrt, builder.add(variance, builder.scalar(0.0078125)))
      let projection = try builder.multiply(y, mean(builder.multiply(g, y), &builder))
      let inner = try builder.subtract(builder.subtract(g, mean(g, &builder)), projection)
      let gradient = try builder.binary(.divide, inner, deviation)
      return residual ? try builder.add(operands[operands.count - 1], gradient) : gradient
    }
  }

  @Test func `reduce_product equals its formula`() throws {
    try expectSame([[2, 3, 5], [2, 3, 5]], fused: .reduceProduct(axes: [0, 2])) {
      builder, operands in
      try builder.append(
        .reduce(.sum, axes: [0, 2]), [builder.multiply(operands[0], operands[1])])
    }
  }

  @Test(arguments: [nil, UnaryOp.silu])
  func `group_norm_affine equals its formula`(activation: UnaryOp?) throws {
    let op = Op.groupNormAffine(groups: 3, epsilon: 0.01, activation: activation)
    try expectSame([[2, 6, 2, 5], [6], [6]], fused: op) { builder, operands in
      let norm = try builder.append(.groupNorm(groups: 3, epsilon: 0.01), [operands[0]])
      let scaled = try builder.multiply(norm, builder.reshape(operands[1], [6, 1, 1]))
      let sum = try builder.add(scaled, builder.reshape(operands[2], [6, 1, 1]))
      return try activation.map { try builder.unary($0, sum) } ?? sum
    }
  }

  @Test(arguments: 0..<8)
  func `convolution_epilogue equals convolution and its epilogue`(flags: Int) throws {
    let attributes = LinearEpilogue(
      bias: flags & 1 != 0, activation: flags & 2 != 0 ? .silu : nil, residual: flags & 4 != 0)
    let window = Convolution(stride: [1, 2], padding: [1, 0, 2, 1])
    var shapes = [[2, 3, 4, 5], [6, 3, 2, 3]]
    if attributes.bias { shapes.append([6]) }
    if attributes.residual { shapes.append([2, 6, 4, 3]) }
    try expectSame(shapes, fused: .convolutionEpilogue(window, attributes)) { builder, operands in
      let count = attributes.bias ? 3 : 2
      let product = try builder.append(.convolution(window), Array(operands[..<count]))
      var rest = attributes
      rest.bias = false
      return try epilogue(rest, product, operands[count...], &builder)
    }
  }

  /// The first `[batch, tokens, heads * width]` as `[batch, heads, tokens, width]`.
  private func split(
    _ x: ValueID, heads: Int, _ builder: inout GraphBuilder
  ) throws -> ValueID {
    let shape = builder.shape(x)
    let parts = try builder.reshape(x, [shape[0], shape[1], heads, shape[2] / heads])
    return try builder.permute(parts, [0, 2, 1, 3])
  }

  private func attention(
    _ q: ValueID, _ k: ValueID, _ v: ValueID, scale: Double, _ builder: inout GraphBuilder
  ) throws -> ValueID {
    let (batch, tokens, width) = (builder.shape(q)[0], builder.shape(q)[1], builder.shape(v)[2])
    let heads = try [q, k, v].map { try split($0, heads: 2, &builder) }
    let scores = try builder.multiply(
      builder.matmul(heads[0], heads[1], transposeB: true), builder.scalar(scale))
    let mixed = try builder.matmul(builder.append(.softmax, [scores]), heads[2])
    return try builder.reshape(builder.permute(mixed, [0, 2, 1, 3]), [batch, tokens, width])
  }

  @Test func `attention equals softmax of scaled scores times values`() throws {
    let op = Op.attention(heads: 2, scale: 0.25)
    try expectSame([[2, 3, 4], [2, 5, 4], [2, 5, 6]], fused: op) { builder, operands in
      try attention(operands[0], operands[1], operands[2], scale: 0.25, &builder)
    }
    try expectSame([[2, 3, 12]], fused: op) { builder, operands in
      let parts = try [0, 4, 8].map { start in
        try builder.slice(operands[0], axis: 2, start: start, count: 4)
      }
      return try attention(parts[0], parts[1], parts[2], scale: 0.25, &builder)
    }
  }

  @Test func `a chain equals its steps`() throws {
    let chain = ElementwiseChain([
      .binary(.multiply, .input(0), .input(1)), .unary(.silu, .step(0)),
      .binary(.subtract, .step(1), .input(2)), .unary(.exp, .input(1)),
      .binary(.maximum, .step(2), .step(3)),
    ])
    try expectSame([[2, 1, 5], [3, 1], [2, 3, 5]], fused: .chain(chain)) { builder, operands in
      let silu = try builder.unary(.silu, builder.multiply(operands[0], operands[1]))
      return try builder.binary(
        .maximum, builder.subtract(silu, operands[2]), builder.unary(.exp, operands[1]))
    }
  }
}
