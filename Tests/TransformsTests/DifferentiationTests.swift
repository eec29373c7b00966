import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing
import Transforms

/// The graph of a rule, a value made from parameters `p0`, `p1` and so on of the given shapes.
struct DifferentiationCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shapes: [[Int]]
  /// The range of the parameters' elements.
  var range: Range<Double> = -2..<2
  let build: @Sendable (inout GraphBuilder, [ValueID]) throws -> ValueID

  init(
    _ description: String, _ shapes: [[Int]], range: Range<Double> = -2..<2,
    _ build: @escaping @Sendable (inout GraphBuilder, [ValueID]) throws -> ValueID
  ) {
    testDescription = description
    self.shapes = shapes
    self.range = range
    self.build = build
  }
}

private let matmulCases = [false, true].flatMap { transposeA in
  [false, true].flatMap { transposeB in
    let (a, b) = (transposeA ? [5, 3] : [3, 5], transposeB ? [2, 5] : [5, 2])
    return [([], []), ([4], []), ([], [4]), ([4, 1], [3]), ([2, 3], [2, 1])].map { leads in
      DifferentiationCase(
        "matmul \(leads.0 + a) \(leads.1 + b) \(transposeA) \(transposeB)",
        [leads.0 + a, leads.1 + b]
      ) {
        try $0.matmul($1[0], $1[1], transposeA: transposeA, transposeB: transposeB)
      }
    }
  }
}

private let elementwiseCases =
  UnaryOp.allCases.map { function in
    let isOfPositive = function == .sqrt || function == .rsqrt
    return DifferentiationCase(
      function.rawValue, [[3, 7]], range: isOfPositive ? 0.25..<3 : -3..<3
    ) { try $0.unary(function, $1[0]) }
  }
  + BinaryOp.allCases.flatMap { function in
    [([3, 5], [3, 5]), ([2, 3, 5], [3, 1]), ([2, 1, 5], [3, 5]), ([], [4])].map { shapes in
      DifferentiationCase(
        "\(function.rawValue) \(shapes)", [shapes.0, shapes.1],
        range: function == .divide ? 0.5..<2 : -2..<2
      ) { try $0.binary(function, $1[0], $1[1]) }
    }
  }

private let otherCases = [
  DifferentiationCase("softmax", [[2, 3, 5]]) { try $0.append(.softmax, [$1[0]]) },
  DifferentiationCase("layer_norm", [[3, 7]]) {
    try $0.append(.layerNorm(epsilon: 0.01), [$1[0]])
  },
  DifferentiationCase("rms_norm", [[3, 7]]) { try $0.append(.rmsNorm(epsilon: 0.01), [$1[0]]) },
  DifferentiationCase("group_norm", [[2, 6, 2, 3]]) {
    try $0.append(.groupNorm(groups: 3, epsilon: 0.01), [$1[0]])
  },
  DifferentiationCase("upsample", [[2, 1, 3, 2]]) { try $0.append(.upsample(factor: 3), [$1[0]]) },
  DifferentiationCase("reduce_sum", [[2, 3, 5]]) {
    try $0.append(.reduce(.sum, axes: [0, 2]), [$1[0]])
  },
  DifferentiationCase("reduce_mean", [[2, 3, 5]]) {
    try $0.append(.reduce(.mean, axes: [1]), [$1[0]])
  },
  DifferentiationCase("reduce_mean of all", [[2, 3]]) {
    try $0.append(.reduce(.mean, axes: [0, 1]), [$1[0]])
  },
  DifferentiationCase("reduce_sum of extents of one", [[1, 3, 1]]) {
    try $0.append(.reduce(.sum, axes: [0, 2]), [$1[0]])
  },
  DifferentiationCase("reshape", [[2, 3, 5]]) { try $0.reshape($1[0], [5, 6]) },
  DifferentiationCase("broadcast", [[3, 1]]) { try $0.append(.broadcast([2, 3, 5]), [$1[0]]) },
  DifferentiationCase("broadcast of a scalar", [[]]) {
    try $0.append(.broadcast([2, 3]), [$1[0]])
  },
  DifferentiationCase("permute", [[2, 3, 5]]) { try $0.permute($1[0], [2, 0, 1]) },
  DifferentiationCase("slice in the middle", [[2, 7, 3]]) {
    try $0.slice($1[0], axis: 1, start: 2, count: 3)
  },
  DifferentiationCase("slice at both ends", [[7]]) {
    let start = try $0.slice($1[0], axis: 0, start: 0, count: 3)
    return try $0.multiply(start, $0.slice($1[0], axis: 0, start: 4, count: 3))
  },
  DifferentiationCase("overlapping slices of two axes", [[4, 7]]) {
    let first = try $0.slice($1[0], axis: 1, start: 0, count: 3)
    let second = try $0.slice($1[0], axis: 1, start: 2, count: 3)
    let third = try $0.slice(
      $0.slice($1[0], axis: 0, start: 1, count: 2), axis: 1, start: 4, count: 3)
    return try $0.add($0.concat([$0.multiply(first, second), third], axis: 0), $0.scalar(1))
  },
  DifferentiationCase("concat", [[2, 3], [2, 1], [2, 4]]) { try $0.concat($1, axis: 1) },
  DifferentiationCase("gather of repeated rows", [[4, 3]]) {
    let ids = $0.constant(Tensor(ids: [2, 3], [1, 3, 1, 0, 1, 3]))
    return try $0.append(.gather, [$1[0], ids])
  },
  DifferentiationCase("a value used three times", [[3]]) {
    let square = try $0.multiply($1[0], $1[0])
    return try $0.multiply(square, $0.unary(.sin, $1[0]))
  },
  DifferentiationCase("words and positions, and their mean", [[4, 3], [5, 3]]) {
    let ids = $0.constant(Tensor(ids: [2, 5], [1, 3, 1, 0, 3, 3, 3, 3, 2, 0]))
    let words = try $0.add($0.append(.gather, [$1[0], ids]), $1[1])
    return try $0.append(.reduce(.mean, axes: [1]), [$0.multiply(words, words)])
  },
  DifferentiationCase("fused attention", [[2, 5, 6], [2, 3, 6], [2, 3, 4]]) {
    try $0.append(.attention(heads: 2, scale: 0.4), $1)
  },
  DifferentiationCase("fused attention of a value to itself", [[2, 3, 6]]) {
    try $0.append(.attention(heads: 3, scale: 0.7), [$1[0], $1[0], $1[0]])
  },
  DifferentiationCase("attention of two heads to fewer tokens", [[2, 5, 6], [2, 3, 4], [6, 4]]) {
    builder, operands in
    let read = try builder.matmul(operands[1], operands[2], transposeB: true)
    let queries = try builder.permute(
      builder.reshape(operands[0], [2, 5, 2, 3]), [0, 2, 1, 3])
    let keys = try builder.permute(builder.reshape(read, [2, 3, 2, 3]), [0, 2, 1, 3])
    let scores = try builder.multiply(
      builder.matmul(queries, keys, transposeB: true), builder.scalar(1 / 3.0.squareRoot()))
    let pooled = try builder.matmul(builder.append(.softmax, [scores]), keys)
    return try builder.reshape(builder.permute(pooled, [0, 2, 1, 3]), [2, 5, 6])
  },
  DifferentiationCase("modulated attention and feed-forward", [[2, 5, 6], [2, 12], [6, 6], [6]]) {
    let chunks = try $0.reshape($1[1], [2, 1, 12])
    let scale = try $0.slice(chunks, axis: 2, start: 0, count: 6)
    let shift = try $0.slice(chunks, axis: 2, start: 6, count: 6)
    let norm = try $0.append(.layerNorm(epsilon: 1e-3), [$1[0]])
    let x = try $0.add($0.multiply(norm, $0.add(scale, $0.scalar(1))), shift)
    let scores = try $0.append(.softmax, [$0.matmul(x, x, transposeB: true)])
    let mixed = try $0.matmul($0.matmul(scores, x), $1[2], transposeB: true)
    return try $0.add($1[0], $0.unary(.geluTanh, $0.add(mixed, $1[3])))
  },
]

/// Strides that divide the image and that do not, padding wider than the kernel, and none.
private let convolutionCases: [DifferentiationCase] = [
  ([2, 3, 5, 4], [2, 3, 3, 3], Convolution(padding: [1, 1, 1, 1])),
  ([1, 2, 6, 5], [3, 2, 3, 2], Convolution(stride: [2, 2], padding: [0, 1, 0, 1])),
  ([1, 1, 4, 7], [2, 1, 1, 1], Convolution(stride: [3, 2], padding: [2, 0, 1, 3])),
  ([2, 2, 4, 4], [1, 2, 4, 2], Convolution(stride: [1, 3])),
].map { image, kernels, window in
  DifferentiationCase("convolution \(image) \(kernels)", [image, kernels, [kernels[0]]]) {
    try $0.append(.convolution(window), $1)
  }
}

@Suite struct DifferentiationTests {
  /// Compares each gradient of `sum(y * weights)` with central differences in double precision.
  @Test(arguments: matmulCases + elementwiseCases + otherCases + convolutionCases)
  func `gradients agree with finite differences`(rule: DifferentiationCase) throws {
    var random = SeededGenerator(seed: 3)
    func tensor(_ dimensions: [Int], in range: Range<Double>) -> ReferenceTensor {
      let shape = Shape(dimensions)
      return ReferenceTensor(
        shape, (0..<shape.elementCount).map { _ in Double.random(in: range, using: &random) })
    }
    var builder = GraphBuilder(name: "rule")
    var bindings = Evaluator.Bindings()
    var operands: [ValueID] = []
    for (index, shape) in rule.shapes.enumerated() {
      operands.append(builder.parameter("p\(index)", shape))
      bindings.parameters["p\(index)"] = tensor(shape, in: rule.range)
    }
    let y = try rule.build(&builder, operands)
    let weights = tensor(builder.shape(y).dimensions, in: -1..<1)
    let weighted = try builder.multiply(y, builder.constant(weights.rounded(as: builder.type(y))))
    let axes = Array(0..<builder.shape(y).rank)
    builder.output("loss", try builder.append(.reduce(.sum, axes: axes), [weighted]))

    let names = rule.shapes.indices.map { "p\($0)" }
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: names)
    #expect(GraphVerifier.verify(graph).map(\.description) == [])
    let gradients = try Evaluator(graph: graph).evaluate(bindings)
    let evaluator = Evaluator(graph: builder.graph)
    for name in names {
      let values = try #require(bindings.parameters[name])
      let gradient = try #require(gradients["gradient.\(name)"])
      #expect(gradient.shape == values.shape)
      for index in values.values.indices {
        func loss(_ offset: Double) throws -> Double {
          var moved = bindings
          moved.parameters[name]?.values[index] += offset
          return try #require(try evaluator.evaluate(moved)["loss"]).values[0]
        }
        let step = 1e-5
        let difference = (try loss(step) - loss(-step)) / (2 * step)
        let error = abs(gradient.values[index] - difference)
        #expect(error <= 1e-6 * max(1, abs(difference)), "\(name)[\(index)]")
      }
    }
  }

  @Test func `gelu has the derivative one half at zero`() throws {
    var builder = GraphBuilder(name: "gelu")
    let y = try builder.unary(.gelu, builder.parameter("x", []))
    builder.output("loss", y)
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: ["x"])
    let values = try Evaluator(graph: graph).evaluate(parameters: ["x": Tensor([], [0])])
    #expect(values["gradient.x"] == Tensor([], [0.5]))
  }

  @Test func `equal operands of a maximum share the cotangent`() throws {
    var builder = GraphBuilder(name: "maximum")
    let (a, b) = (builder.parameter("a", []), builder.parameter("b", []))
    builder.output("loss", try builder.binary(.maximum, a, b))
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: ["a", "b"])
    let values = try Evaluator(graph: graph)
      .evaluate(parameters: ["a": Tensor([], [3]), "b": Tensor([], [3])])
    #expect(values["gradient.a"] == Tensor([], [0.5]))
    #expect(values["gradient.b"] == Tensor([], [0.5]))
  }

  @Test func `a parameter read by two nodes gets the sum`() throws {
    var builder = GraphBuilder(name: "shared")
    let product = try builder.multiply(
      builder.parameter("x", []), builder.multiply(builder.parameter("x", []), builder.scalar(3)))
    builder.output("loss", product)
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: ["x"])
    let values = try Evaluator(graph: graph).evaluate(parameters: ["x": Tensor([], [5])])
    #expect(values["gradient.x"] == Tensor([], [30]))
  }

  @Test func `a parameter that the loss does not depend on has the gradient zero`() throws {
    var builder = GraphBuilder(name: "apart")
    let (x, y) = (builder.parameter("x", [2]), builder.parameter("y", [2]))
    builder.output("floor", try builder.unary(.floor, y))
    builder.output("loss", try builder.append(.reduce(.sum, axes: [0]), [x]))
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: ["y"])
    let values = try Evaluator(graph: graph)
      .evaluate(parameters: ["x": Tensor([2], [1, 2]), "y": Tensor([2], [1, 2])])
    #expect(values["gradient.y"] == Tensor([2], [0, 0]))
  }

  @Test func `chunks of a value are joined without zeros`() throws {
    var builder = GraphBuilder(name: "chunks")
    let x = builder.parameter("x", [6])
    let chunks = try (0..<3).map { try builder.slice(x, axis: 0, start: $0 * 2, count: 2) }
    let product = try builder.multiply(chunks[2], builder.multiply(chunks[0], chunks[1]))
    builder.output("loss", try builder.append(.reduce(.sum, axes: [0]), [product]))
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: ["x"])
    let gradient = try #require(graph.output(named: "gradient.x"))
    #expect(graph[gradient].op == .concat(axis: 0))
    #expect(graph[gradient].inputs.count == 3)
    let values = try Evaluator(graph: graph)
      .evaluate(parameters: ["x": Tensor([6], [1, 2, 3, 4, 5, 6])])
    #expect(values["gradient.x"] == Tensor([6], [15, 24, 5, 12, 3, 8]))
  }

  @Test func `a frozen layer before the wanted one gets no nodes`() throws {
    func appended(frozenLayers: Int) throws -> Int {
      var builder = GraphBuilder(name: "frozen")
      var x = builder.input("x", .f32([2, 3]))
      for index in 0..<frozenLayers {
        x = try builder.unary(.tanh, builder.matmul(x, builder.parameter("f\(index)", [3, 3])))
      }
      let y = try builder.matmul(x, builder.parameter("w", [3, 3]))
      builder.output("loss", try builder.append(.reduce(.mean, axes: [0, 1]), [y]))
      let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: ["w"])
      #expect(Array(graph.nodes[..<builder.graph.nodes.count]) == builder.graph.nodes)
      #expect(graph.compacted() == graph)
      return graph.nodes.count - builder.graph.nodes.count
    }
    #expect(try appended(frozenLayers: 5) == appended(frozenLayers: 0))
  }

  @Test func `a held output is a constant`() throws {
    var builder = GraphBuilder(name: "held")
    let x = builder.parameter("x", [])
    let square = try builder.multiply(x, x)
    builder.output("square", square)
    builder.output("loss", try builder.multiply(square, x))
    let free = try differentiated(builder.graph, loss: "loss", withRespectTo: ["x"])
    let held = try differentiated(
      builder.graph, loss: "loss", withRespectTo: ["x"], holding: ["square"])
    func gradient(_ graph: Graph) throws -> [Float]? {
      try Evaluator(graph: graph).evaluate(parameters: ["x": Tensor([], [3])])["gradient.x"]?.values
    }
    #expect(try gradient(free) == [27])
    #expect(try gradient(held) == [9])
    #expect(throws: GraphError.self) {
      try differentiated(builder.graph, loss: "loss", withRespectTo: ["x"], holding: ["cube"])
    }
  }

  @Test func `what cannot be differentiated is refused with its origin`() throws {
    func refusal(
      loss: String = "loss", by name: String = "x",
      _ build: (inout GraphBuilder, ValueID) throws -> ValueID
    ) throws -> String? {
      var builder = GraphBuilder(name: "refused")
      builder.origin = Origin("blocks[0]")
      let y = try build(&builder, builder.parameter("x", [2, 2]))
      let axes = Array(0..<builder.shape(y).rank)
      builder.output("loss", try builder.append(.reduce(.sum, axes: axes), [y]))
      builder.output("y", y)
      do {
        _ = try differentiated(builder.graph, loss: loss, withRespectTo: [name])
        return nil
      } catch {
        return error.description
      }
    }
    #expect(
      try refusal { try $0.append(.reduce(.max, axes: [1]), [$1]) }
        == "reduce_max has no derivative here: its derivative at equal elements is not defined "
        + "(from blocks[0])")
    #expect(
      try refusal { try $0.append(.stepRow, [$1]) }
        == "step_row has no derivative here: rows of steps are no parameters (from blocks[0])")
    #expect(
      try refusal { try $0.append(.linear(LinearEpilogue()), [$1, $1]) }
        == "linear has no derivative here: differentiate before passes (from blocks[0])")
    #expect(
      try refusal { builder, _ in builder.source(.parameter(["v", "x"]), .f32([4, 2])) }
        == "parameter 'x' is joined with others; differentiate before passes (from blocks[0])")
    #expect(
      try refusal(loss: "cost") { $1 } == "there is no output 'cost' to differentiate")
    #expect(
      try refusal(loss: "y") { $1 } == "the loss 'y' is f32[2,2], not one element")
    #expect(
      try refusal(by: "z") { $1 } == "there is no parameter 'z' to differentiate by")
  }
}
