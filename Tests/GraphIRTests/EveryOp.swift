import GraphIR
import GraphSamples
import Tensors

/// A graph that holds every op at least once, with unequal extents, names that need quotes, and
/// literals short, long and not finite.
func everyOpGraph() throws -> Graph {
  var builder = GraphBuilder(name: "every op")
  builder.origin = Origin("blocks[0].sublayers[1]", block: 3)
  let state = builder.source(.state("latent"), .f32([2, 3, 4]))
  let weight = builder.source(.parameter(["blocks.0.q", "blocks.0.k"]), .f32([6, 4]))
  let ids = builder.input("word ids", TensorType(.i32, [2, 5]))
  builder.origin = Origin("", block: 12)
  let short = builder.constant(Tensor([7], [0.1, -0.0, 1e-7, 3, .infinity, -.infinity, 16777216]))
  let long = builder.constant(Tensor([5, 20], (0..<100).map { Float($0) / 7 }))
  let alike = builder.constant(Tensor([20, 5], (0..<100).map { Float($0) / 7 }))
  builder.origin = Origin("odd path @7\n\"quoted\"")
  let scalar = builder.scalar(-2.5)
  let whole = builder.constant(Tensor(ids: [2], [0, 4]))
  let frequencies = builder.table(
    .frequencies(count: 3, denominator: 2.5, maximumPeriod: 10000))
  let positions = builder.table(
    .sincos(
      SincosTable(
        grid: [2, 3],
        parts: [
          .init(axis: 0, width: 2), .init(axis: 1, width: 4, positionScale: 0.5),
        ], maximumPeriod: 100)))
  builder.origin = Origin("")
  var ends = [short, alike]
  ends.append(try builder.append(.stepRow, [frequencies]))
  let product = try builder.matmul(state, weight, transposeB: true)
  ends.append(try builder.matmul(product, state, transposeA: true))
  for function in UnaryOp.allCases { ends.append(try builder.unary(function, product)) }
  for function in BinaryOp.allCases {
    ends.append(try builder.binary(function, product, positions.reshapedFirst(3, &builder)))
  }
  ends.append(try builder.append(.softmax, [product]))
  let normed = try builder.append(.layerNorm(epsilon: 1e-6), [state])
  for function in ReduceOp.allCases {
    ends.append(try builder.append(.reduce(function, axes: [0, 2]), [normed]))
  }
  ends.append(try builder.append(.gather, [long, ids]))
  ends.append(try builder.append(.gather, [long, whole]))
  ends.append(try builder.append(.broadcast([3, 1, 2]), [scalar]))
  ends.append(try builder.permute(product, [2, 0, 1]))
  let slice = try builder.slice(product, axis: 2, start: 1, count: 4)
  ends.append(try builder.concat([slice, state, slice], axis: 1))
  let bias = builder.parameter("bias", [6])
  let gate = builder.parameter("gate", [2, 1, 6])
  ends.append(
    try builder.append(
      .linear(LinearEpilogue(bias: true, activation: .geluTanh, gate: true, residual: true)),
      [state, weight, bias, gate, product]))
  ends.append(try builder.append(.linear(LinearEpilogue()), [state, weight]))
  let view = PatchView(split: [2, 3, 2, 2], order: [0, 2, 1, 3], rowAxisCount: 2, rows: [2, 2])
  let patchWeight = builder.parameter("patch weight", [5, 6])
  let patchResidual = builder.parameter("patch.residual", [2, 5])
  ends.append(
    try builder.append(
      .patchLinear(view, LinearEpilogue(activation: .relu, residual: true)),
      [state, patchWeight, patchResidual]))
  let scale = builder.parameter("scale", [2, 1, 4])
  let shift = builder.parameter("shift", [4])
  ends.append(try builder.append(.affine, [state, scale, shift]))
  ends.append(try builder.append(.normAffine(epsilon: 0.001), [state, scale, shift]))
  ends.append(try builder.append(.gatedAdd, [state, scale, normed]))
  ends.append(try builder.append(.attention(heads: 2, scale: 0.5), [state, normed, state]))
  ends.append(try builder.append(.attention(heads: 2, scale: 1), [product]))
  let chain = ElementwiseChain([
    .binary(.multiply, .input(0), .input(1)), .unary(.silu, .step(0)),
    .binary(.add, .step(1), .input(0)),
  ])
  ends.append(try builder.append(.chain(chain), [state, shift]))
  ends.append(try builder.append(.rmsNorm(epsilon: 1e-5), [state]))
  ends.append(try builder.append(.rmsNormScale(epsilon: 1e-5), [state, scale]))
  ends.append(try builder.append(.softmaxGradient, [state, normed]))
  ends.append(
    try builder.append(
      .attentionGradient(heads: 2, scale: 0.5), [state, normed, state, normed]))
  for (flags, operands) in [
    ((false, false), [state, normed]), ((true, false), [state, normed, scale]),
    ((false, true), [state, normed, state]), ((true, true), [state, normed, scale, state]),
  ] {
    ends.append(
      try builder.append(
        .normGradient(epsilon: 0.001, scale: flags.0, residual: flags.1), operands))
  }
  ends.append(try builder.append(.reduceProduct(axes: [0, 2]), [state, normed]))
  let image = builder.parameter("image", [1, 4, 3, 5])
  let kernels = builder.parameter("kernels", [2, 4, 3, 2])
  let window = Convolution(stride: [2, 1], padding: [1, 0, 2, 1])
  let convolved = try builder.append(.convolution(window), [image, kernels])
  let outBias = builder.parameter("bias of two", [2])
  ends.append(try builder.append(.convolution(window), [image, kernels, outBias]))
  ends.append(
    try builder.append(
      .convolutionEpilogue(
        window, LinearEpilogue(bias: true, activation: .silu, residual: true)),
      [image, kernels, outBias, convolved]))
  ends.append(try builder.append(.groupNorm(groups: 2, epsilon: 1e-6), [image]))
  for activation in [nil, UnaryOp.silu] {
    ends.append(
      try builder.append(
        .groupNormAffine(groups: 2, epsilon: 1e-6, activation: activation), [image, shift, shift]))
  }
  ends.append(try builder.append(.upsample(factor: 2), [image]))
  let cast = try builder.append(.cast, [scale])
  ends.append(try builder.append(.matmul(transposeA: true, transposeB: false), [scale, cast]))
  for (index, end) in ends.enumerated() { builder.output("end \(index)", end) }
  builder.output("latent", normed, isState: true)
  return builder.graph
}

extension ValueID {
  /// The value with its first axis of 6 split into 2 and `count`.
  fileprivate func reshapedFirst(
    _ count: Int, _ builder: inout GraphBuilder
  ) throws(GraphError) -> ValueID {
    try builder.reshape(self, [2, count, builder.shape(self)[-1]])
  }
}

extension SeededGenerator {
  /// A tensor of numbers in -2 ..< 2.
  mutating func tensor(_ dimensions: [Int]) -> Tensor {
    Tensor(dimensions, values(Shape(dimensions).elementCount).map { $0 * 2 })
  }
}
