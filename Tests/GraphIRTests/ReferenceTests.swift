import Glibc
import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing

/// The value of a graph of constants, in double precision.
func valueOf(
  step: Int = 0, _ build: (inout GraphBuilder) throws -> ValueID
) throws -> ReferenceTensor {
  var builder = GraphBuilder(name: "test")
  builder.output("y", try build(&builder))
  #expect(GraphVerifier.verify(builder.graph).map(\.description) == [])
  var bindings = Evaluator.Bindings()
  bindings.step = step
  return try #require(try Evaluator(graph: builder.graph).evaluate(bindings)["y"])
}

func expectClose(
  _ value: ReferenceTensor, _ expected: ReferenceTensor, within tolerance: Double = 1e-12,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value.shape == expected.shape, sourceLocation: sourceLocation)
  let worst = zip(value.values, expected.values).map { abs($0 - $1) / max(1, abs($1)) }.max()
  #expect(worst ?? 0 <= tolerance, sourceLocation: sourceLocation)
}

func expectClose(
  _ value: ReferenceTensor, _ dimensions: [Int], _ expected: [Double],
  within tolerance: Double = 1e-12, sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(
    value, ReferenceTensor(Shape(dimensions), expected), within: tolerance,
    sourceLocation: sourceLocation)
}

@Suite struct ReferenceElementwiseTests {
  private let points: [Double] = [-30, -3, -1, -0.25, 0, 0.25, 1, 3, 30]

  @Test func `simple functions have their known values`() {
    #expect([-2, 0, 3].map(UnaryOp.negate.evaluate) == [2, 0, -3])
    #expect([-2, 0, 3].map(UnaryOp.relu.evaluate) == [0, 0, 3])
    #expect([-2, 0, 3].map(UnaryOp.step.evaluate) == [0, 0, 1])
    #expect([-1.5, 0, 2.5].map(UnaryOp.floor.evaluate) == [-2, 0, 2])
    #expect([0, 4, 9].map(UnaryOp.sqrt.evaluate) == [0, 2, 3])
    #expect([1, 4, 16].map(UnaryOp.rsqrt.evaluate) == [1, 0.5, 0.25])
    #expect(abs(UnaryOp.exp.evaluate(1) - 2.718281828459045) < 1e-15)
    #expect(abs(UnaryOp.sin.evaluate(.pi / 6) - 0.5) < 1e-15)
    #expect(abs(UnaryOp.cos.evaluate(.pi / 3) - 0.5) < 1e-15)
  }

  @Test func `exact gelu has the value that erf 1 gives it`() {
    // erf 1 = 0.842700792949715 (Abramowitz and Stegun, table 7.1).
    let expected = 2.0.squareRoot() / 2 * (1 + 0.842700792949715)
    #expect(abs(UnaryOp.gelu.evaluate(2.0.squareRoot()) - expected) < 1e-14)
  }

  @Test func `activations fulfil their identities`() {
    for x in points {
      let sigmoid = UnaryOp.sigmoid.evaluate
      #expect(abs(sigmoid(x) + sigmoid(-x) - 1) < 1e-15)
      #expect(abs(UnaryOp.tanh.evaluate(x) - (2 * sigmoid(2 * x) - 1)) < 1e-15)
      #expect(abs(UnaryOp.silu.evaluate(x) - x * sigmoid(x)) < 1e-14)
      #expect(abs(UnaryOp.geluQuick.evaluate(x) - x * sigmoid(1.702 * x)) < 1e-14)
      #expect(abs(UnaryOp.gelu.evaluate(x) - UnaryOp.gelu.evaluate(-x) - x) < 1e-14)
      #expect(abs(UnaryOp.geluTanh.evaluate(x) - UnaryOp.geluTanh.evaluate(-x) - x) < 1e-14)
      #expect(abs(UnaryOp.geluTanh.evaluate(x) - UnaryOp.gelu.evaluate(x)) < 5e-4)
      let (above, below) = (
        UnaryOp.geluTanh.evaluate(x + 1e-5), UnaryOp.geluTanh.evaluate(x - 1e-5)
      )
      #expect(abs(UnaryOp.geluTanhSlope.evaluate(x) - (above - below) / 2e-5) < 1e-8)
    }
  }

  @Test func `functions of two operands broadcast`() throws {
    let expected: [BinaryOp: [Double]] = [
      .add: [5, 4, 6, 6, 5, 7], .subtract: [-3, -2, -4, -2, -1, -3],
      .multiply: [4, 3, 5, 8, 6, 10], .divide: [0.25, 1 / 3.0, 0.2, 0.5, 2 / 3.0, 0.4],
      .maximum: [4, 3, 5, 4, 3, 5], .minimum: [1, 1, 1, 2, 2, 2],
    ]
    for function in BinaryOp.allCases {
      let value = try valueOf { builder in
        let a = builder.constant(Tensor([2, 1], [1, 2]))
        let b = builder.constant(Tensor([3], [4, 3, 5]))
        return try builder.binary(function, a, b)
      }
      expectClose(value, [2, 3], try #require(expected[function]))
    }
  }
}

@Suite struct ReferencePrimitiveTests {
  @Test func `matmul multiplies matrices`() throws {
    let value = try valueOf { builder in
      let a = builder.constant(Tensor([2, 3], [1, 2, 3, 4, 5, 6]))
      let b = builder.constant(Tensor([3, 2], [1, -1, 0, 2, 3, 1]))
      return try builder.matmul(a, b)
    }
    expectClose(value, [2, 2], [10, 6, 22, 12])
  }

  @Test(arguments: [false, true], [false, true])
  func `matmul reads swapped axes and broadcasts leading ones`(
    transposeA: Bool, transposeB: Bool
  ) throws {
    var random = SeededGenerator(seed: 5)
    let a = random.tensor([2, 1] + (transposeA ? [5, 3] : [3, 5]))
    let b = random.tensor([4] + (transposeB ? [7, 5] : [5, 7]))
    let value = try valueOf { builder in
      try builder.matmul(
        builder.constant(a), builder.constant(b), transposeA: transposeA, transposeB: transposeB)
    }
    #expect(value.shape == [2, 4, 3, 7])
    for i in 0..<2 {
      for j in 0..<4 {
        for m in 0..<3 {
          for n in 0..<7 {
            let sum = (0..<5).reduce(0.0) { sum, k in
              let left = a.values[i * 15 + (transposeA ? k * 3 + m : m * 5 + k)]
              let right = b.values[j * 35 + (transposeB ? n * 5 + k : k * 7 + n)]
              return sum + Double(left) * Double(right)
            }
            #expect(abs(value.values[((i * 4 + j) * 3 + m) * 7 + n] - sum) < 1e-12)
          }
        }
      }
    }
  }

  @Test func `softmax of logarithms gives their shares, whatever is added`() throws {
    let shares = [1.0, 2, 5].map { Float(log($0)) }
    let value = try valueOf { builder in
      let x = builder.constant(Tensor([2, 3], shares + shares))
      let offset = builder.constant(Tensor([2, 1], [0, 1000]))
      return try builder.append(.softmax, [builder.add(x, offset)])
    }
    expectClose(value, [2, 3], [0.125, 0.25, 0.625, 0.125, 0.25, 0.625], within: 1e-7)
  }

  @Test func `layer_norm divides by the biased deviation`() throws {
    let value = try valueOf { builder in
      let x = builder.constant(Tensor([2, 4], [1, 2, 3, 4, 5, 5, 5, 5]))
      return try builder.append(.layerNorm(epsilon: 0.19), [x])
    }
    // Variance 1.25 and epsilon 0.19 make 1.44, whose root is 1.2.
    expectClose(value, [2, 4], [-1.25, -0.5 / 1.2, 0.5 / 1.2, 1.25, 0, 0, 0, 0])
  }

  @Test func `reductions take whole axes`() throws {
    let expected: [ReduceOp: [Double]] = [
      .sum: [14, 22, 30], .mean: [3.5, 5.5, 7.5], .max: [7, 9, 11],
    ]
    for function in ReduceOp.allCases {
      let value = try valueOf { builder in
        let x = builder.constant(
          Tensor([2, 3, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]))
        return try builder.append(.reduce(function, axes: [0, 2]), [x])
      }
      expectClose(value, [3], try #require(expected[function]))
    }
  }

  @Test func `gather takes rows and refuses other ids`() throws {
    func rows(_ ids: [Int]) throws -> ReferenceTensor {
      try valueOf { builder in
        let table = builder.constant(Tensor([3, 2], [1, 2, 3, 4, 5, 6]))
        let ids = builder.constant(Tensor(ids: [1, ids.count], ids))
        return try builder.append(.gather, [table, ids])
      }
    }
    expectClose(try rows([2, 0, 2]), [1, 3, 2], [5, 6, 1, 2, 5, 6])
    for wrong in [-1, 3] { #expect(throws: EvaluationError.self) { try rows([0, wrong]) } }
  }

  @Test func `shape ops move elements`() throws {
    let x = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
    func value(_ op: Op) throws -> ReferenceTensor {
      try valueOf { builder in try builder.append(op, [builder.constant(x)]) }
    }
    expectClose(try value(.reshape([3, 1, 2])), [3, 1, 2], [1, 2, 3, 4, 5, 6])
    expectClose(try value(.permute([1, 0])), [3, 2], [1, 4, 2, 5, 3, 6])
    expectClose(try value(.slice(axis: 1, start: 1, count: 2)), [2, 2], [2, 3, 5, 6])
    expectClose(
      try value(.broadcast([2, 2, 3])), [2, 2, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
    let joined = try valueOf { builder in
      let x = builder.constant(x)
      return try builder.concat([x, builder.constant(Tensor([2, 1], [7, 8])), x], axis: 1)
    }
    expectClose(joined, [2, 7], [1, 2, 3, 7, 1, 2, 3, 4, 5, 6, 8, 4, 5, 6])
  }

  @Test func `permuting three axes follows the indices`() throws {
    let value = try valueOf { builder in
      let x = builder.constant(Tensor([2, 3, 4], (0..<24).map(Float.init)))
      return try builder.permute(x, [2, 0, 1])
    }
    var expected: [Double] = []
    for k in 0..<4 {
      for i in 0..<2 { for j in 0..<3 { expected.append(Double(i * 12 + j * 4 + k)) } }
    }
    expectClose(value, [4, 2, 3], expected)
  }

  @Test func `step_row reads the row of the step and no row beyond`() throws {
    func row(_ step: Int) throws -> ReferenceTensor {
      try valueOf(step: step) { builder in
        try builder.append(.stepRow, [builder.constant(Tensor([3, 2], [1, 2, 3, 4, 5, 6]))])
      }
    }
    expectClose(try row(1), [2], [3, 4])
    #expect(throws: EvaluationError.self) { try row(3) }
  }

  @Test func `frequencies fall from one to the reciprocal of the period`() throws {
    let table = Table.frequencies(count: 5, denominator: 4, maximumPeriod: 10000)
    expectClose(try valueOf { $0.table(table) }, [5], [1, 0.1, 0.01, 0.001, 0.0001])
  }

  @Test func `sincos puts the parts of a grid side by side`() throws {
    let table = SincosTable(
      grid: [2, 2],
      parts: [.init(axis: 1, width: 4, positionScale: 0.5), .init(axis: 0, width: 2)],
      maximumPeriod: 100)
    let (slow, fast) = (0.05, 0.5)
    let first = [0.0, 0, 1, 1]
    let second = [sin(fast), sin(slow), cos(fast), cos(slow)]
    expectClose(
      try valueOf { $0.table(.sincos(table)) }, [4, 6],
      first + [0, 1] + second + [0, 1] + first + [sin(1), cos(1)] + second + [sin(1), cos(1)])
  }
}

@Suite struct ReferenceBindingTests {
  private func graph() throws -> Graph {
    var builder = GraphBuilder(name: "g")
    let x = builder.input("x", .f32([1, 2]))
    let weight = builder.source(.parameter(["q", "k"]), .f32([3, 2]))
    let state = builder.source(.state("s"), .f32([1, 3]))
    let product = try builder.matmul(x, weight, transposeB: true)
    builder.output("y", product)
    builder.output("s", try builder.add(product, state), isState: true)
    return builder.graph
  }

  private let parameters = ["q": Tensor([1, 2], [1, 2]), "k": Tensor([2, 2], [3, 4, 5, 6])]
  private let inputs = ["x": Tensor([1, 2], [1, -1])]
  private let states = ["s": Tensor([1, 3], [10, 20, 30])]

  @Test func `parts of a parameter are joined and states are replaced`() throws {
    let results = try Evaluator(graph: graph())
      .evaluate(inputs: inputs, parameters: parameters, states: states)
    #expect(results["y"] == Tensor([1, 3], [-1, -1, -1]))
    #expect(results["s"] == Tensor([1, 3], [9, 19, 29]))
  }

  @Test func `every value is given in order`() throws {
    let values = try Evaluator(graph: graph())
      .evaluateAll(inputs: inputs, parameters: parameters, states: states)
    #expect(values.count == 5)
    #expect(values[1] == Tensor([3, 2], [1, 2, 3, 4, 5, 6]))
    #expect(values[4] == Tensor([1, 3], [9, 19, 29]))
  }

  @Test func `what is missing or of another shape is named`() throws {
    let evaluator = Evaluator(graph: try graph())
    var error = #expect(throws: EvaluationError.self) {
      try evaluator.evaluate(parameters: parameters, states: states)
    }
    #expect(error?.message == "input 'x' is not given")
    error = #expect(throws: EvaluationError.self) {
      try evaluator.evaluate(inputs: inputs, parameters: [:], states: states)
    }
    #expect(error?.message == "parameter 'q' is not given")
    error = #expect(throws: EvaluationError.self) {
      try evaluator.evaluate(
        inputs: inputs, parameters: parameters, states: ["s": Tensor([2], [1, 2])])
    }
    #expect(error?.message == "state 's' is [2], expected [1,3]")
    error = #expect(throws: EvaluationError.self) {
      let wrong = ["q": Tensor([2, 2], [1, 2, 3, 4]), "k": Tensor([2, 2], [3, 4, 5, 6])]
      _ = try evaluator.evaluate(inputs: inputs, parameters: wrong, states: states)
    }
    #expect(error?.message == "parameter 'q' and 'k' is [4,2], expected [3,2]")
  }

  @Test func `folding needs no more than the operands`() throws {
    let node = Node(.binary(.add), [ValueID(0), ValueID(1)], .f32([2]), origin: Origin(""))
    let operands = [Tensor([2], [1, 2]), Tensor([2], [3, 5])]
    #expect(try Evaluator.foldedValue(of: node, operands: operands) == Tensor([2], [4, 7]))
    let table = Table.frequencies(count: 2, denominator: 1, maximumPeriod: 4)
    let source = Node(.table(table), [], .f32([2]), origin: Origin(""))
    #expect(try Evaluator.foldedValue(of: source, operands: []) == Tensor([2], [1, 0.25]))
    let input = Node(.input("x"), [], .f32([2]), origin: Origin(""))
    #expect(try Evaluator.foldedValue(of: input, operands: []) == nil)
  }
}
