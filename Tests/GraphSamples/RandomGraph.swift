import GraphIR
import Tensors

/// Graphs of random ops over small odd shapes, whose values stay of moderate size.
package struct RandomGraph {
  private var generator: SeededGenerator
  private var builder: GraphBuilder
  private var pool: [ValueID] = []
  private var parameterCount = 0

  private static let extents = [1, 2, 3, 5, 7]

  /// A graph of about the given number of ops: same seed, same graph.
  package static func make(seed: UInt64, opCount: Int) throws -> Graph {
    var random = Self(seed: seed)
    try random.addSources()
    while random.builder.graph.nodes.count < opCount { random.addOp() }
    random.addOutputs()
    return random.builder.graph
  }

  private init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    builder = GraphBuilder(name: "random")
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &generator)
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(0...(elements.count - 1))]
  }

  private mutating func extent() -> Int { pick(Self.extents) }

  private mutating func parameter(_ dimensions: [Int]) -> ValueID {
    parameterCount += 1
    return builder.parameter("p\(parameterCount)", dimensions)
  }

  private mutating func addSources() throws {
    let (a, b, c) = (extent(), extent(), extent())
    pool = [
      builder.source(.state("s0"), .f32([a, b, c])),
      builder.source(.state("s1"), .f32([a, b, c])),
      builder.input("x", .f32([b, c])),
      builder.input("y", .f32([a, 1, c])),
      builder.parameter("weight", [c, c]),
      try builder.append(.stepRow, [builder.input("table", .f32([4, a, b, c]))]),
      builder.constant(Tensor([c], generator.values(c))),
    ]
  }

  /// Appends one op; nothing when the operands chosen do not fit.
  private mutating func addOp() {
    let x = number(0...2) == 0 ? pick(pool) : pick(Array(pool.suffix(8)))
    if let result = try? op(on: x), builder.shape(result).elementCount <= 4096 {
      pool.append(result)
    }
  }

  private mutating func op(on x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    let rank = shape.rank
    let axis = rank == 0 ? 0 : number(0...(rank - 1))
    switch number(0...19) {
    case 0: return try builder.unary(pick([.negate, .sin, .cos, .relu, .gelu, .silu]), x)
    case 1: return try builder.unary(.tanh, x)
    case 2, 3: return try builder.binary(pick([.add, .subtract]), x, pick(pool))
    case 4: return try builder.multiply(try builder.unary(.tanh, x), pick(pool))
    case 5: return try builder.append(.softmax, [x])
    case 6: return try builder.append(.layerNorm(epsilon: 1e-2), [x])
    case 7:
      guard rank > 0 else { return nil }
      return try builder.append(.reduce(pick([.sum, .mean, .max]), axes: [axis]), [x])
    case 8: return try builder.reshape(x, [shape.elementCount])
    case 9: return try builder.append(.broadcast([extent()] + shape.dimensions), [x])
    case 10: return try builder.permute(x, Array(0..<rank).shuffled(using: &generator))
    case 11:
      guard rank > 0 else { return nil }
      let start = number(0...(shape[axis] - 1))
      let count = number(1...(shape[axis] - start))
      return try builder.slice(x, axis: axis, start: start, count: count)
    case 12:
      guard rank > 0 else { return nil }
      return try builder.concat([x, x, try builder.unary(.cos, x)], axis: axis)
    case 13: return try linear(x)
    case 14:
      guard rank > 1 else { return nil }
      let other = try builder.unary(.tanh, x)
      return try builder.unary(.tanh, builder.matmul(x, other, transposeB: true))
    case 15: return try rowOp(x)
    case 16: return try chain(x)
    case 17: return try image(x)
    case 18: return try gradient(x)
    default: return try attention(x)
    }
  }

  private mutating func linear(_ x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    guard shape.rank > 0 else { return nil }
    let keepsWidth = number(0...1) == 0
    let n = keepsWidth ? shape[-1] : pick([1, 3, 33, 40])
    var epilogue = LinearEpilogue(
      bias: number(0...1) == 0, activation: pick([nil, .tanh, .gelu, .sin]))
    var operands = [try builder.unary(.tanh, x), parameter([n, shape[-1]])]
    if epilogue.bias { operands.append(parameter([n])) }
    if number(0...1) == 0 {
      epilogue.gate = true
      operands.append(parameter([n]))
    }
    if keepsWidth, number(0...2) > 0 {
      epilogue.residual = true
      operands.append(x)
    }
    return try builder.append(.linear(epilogue), operands)
  }

  private mutating func rowOp(_ x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    guard shape.rank > 0 else { return nil }
    let fits = pool.filter { builder.shape($0).broadcast(with: shape) == shape }
    let (a, b) = (pick(fits), pick(fits))
    let small = try builder.unary(.tanh, a)
    switch number(0...2) {
    case 0: return try builder.append(.affine, [x, small, b])
    case 1: return try builder.append(.normAffine(epsilon: 1e-2), [x, small, b])
    default: return try builder.append(.gatedAdd, [x, small, x])
    }
  }

  private mutating func chain(_ x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    let other = pick(pool.filter { builder.shape($0).broadcast(with: shape) == shape })
    let chain = ElementwiseChain([
      .unary(.tanh, .input(0)), .binary(.multiply, .step(0), .input(1)),
      .binary(.maximum, .step(1), .step(0)), .binary(.add, .step(2), .input(0)),
    ])
    return try builder.append(.chain(chain), [x, other])
  }

  private mutating func gradient(_ x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    guard shape.rank > 0 else { return nil }
    let other = try builder.unary(.tanh, pick(pool.filter { builder.shape($0) == shape }))
    switch number(0...2) {
    case 0: return try builder.append(.softmaxGradient, [other, x])
    case 1:
      return try builder.append(.reduceProduct(axes: [number(0...(shape.rank - 1))]), [x, other])
    default:
      // What is nearly alike in a row is not far from its rounding otherwise.
      let (scale, residual) = (number(0...1) == 0, number(0...1) == 0)
      return try builder.append(
        .normGradient(epsilon: 1, scale: scale, residual: residual),
        [x, other] + (scale ? [parameter([shape[-1]])] : []) + (residual ? [x] : []))
    }
  }

  private mutating func attention(_ x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    guard shape.rank == 3 else { return nil }
    let op = Op.attention(heads: number(1...2), scale: 0.5)
    if shape[2] % 6 == 0, number(0...1) == 0 { return try builder.append(op, [x]) }
    return try builder.append(op, [x, try builder.unary(.sin, x), x])
  }

  private mutating func image(_ x: ValueID) throws -> ValueID? {
    let shape = builder.shape(x)
    guard shape.rank > 0 else { return nil }
    let width = shape[-1]
    let image = try builder.unary(
      .tanh, builder.reshape(x, [1, width, 1, shape.elementCount / width]))
    let scale = parameter([width])
    let window = Convolution(padding: [1, 0, 0, 1])
    switch number(0...5) {
    case 0: return try builder.append(.rmsNorm(epsilon: 1e-2), [x])
    case 1: return try builder.append(.rmsNormScale(epsilon: 1e-2), [x, scale])
    case 2: return try builder.append(.upsample(factor: 2), [image])
    case 3:
      let op = Op.groupNormAffine(groups: 1, epsilon: 1e-2, activation: pick([nil, .silu]))
      return try builder.append(op, [image, scale, scale])
    case 4:
      return try builder.append(.convolution(window), [image, parameter([width, width, 2, 2])])
    default:
      let kernels = parameter([width, width, 1, 1])
      let norm = try builder.append(.groupNorm(groups: 1, epsilon: 1e-2), [image])
      let epilogue = LinearEpilogue(bias: true, activation: pick([nil, .silu]), residual: true)
      return try builder.append(
        .convolutionEpilogue(Convolution(), epilogue), [image, kernels, scale, norm])
    }
  }

  private mutating func addOutputs() {
    for name in ["s0", "s1"] {
      let shape = builder.shape(pool[name == "s0" ? 0 : 1])
      let fits = pool.filter { builder.shape($0) == shape }
      let value = pick(Array(fits.suffix(3)))
      // Keeps a state from growing over many steps.
      let bounded = (try? builder.unary(.tanh, value)) ?? value
      builder.output(name, number(0...3) == 0 ? value : bounded, isState: true)
    }
    for index in 0..<4 { builder.output("out\(index)", pick(Array(pool.suffix(12)))) }
  }
}
